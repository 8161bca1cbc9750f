//! The modules of `src/` and what each file takes from the others, read from the tokens of the source.
//!
//! A re-export (`pub use`) does not count as a use: what is taken through it counts as taken from the file that defines
//! it. Test modules do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module from the root of the crate; the root has none.
type ModulePath = Vec<String>;

/// A name that a `use` gives to a path.
struct Alias {
    name: String,
    path: Vec<String>,
    is_reexport: bool,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    items: BTreeSet<String>,
    aliases: Vec<Alias>,
    /// Modules all of whose names are taken (`use super::*`).
    globs: Vec<Vec<String>>,
    /// Paths in the code, other than those of `use`.
    paths: Vec<Vec<String>>,
}

/// All modules of the crate.
pub(super) struct Modules(BTreeMap<ModulePath, Module>);

/// What each file takes from the others: user, then provider, then the names.
pub(super) type Uses = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

impl Modules {
    /// Reads the modules of the files below `src`.
    pub(super) fn read(files: &[PathBuf]) -> Self {
        let mut modules = BTreeMap::new();
        for file in files.iter().filter(|file| !file.ends_with("main.rs")) {
            let text = fs::read_to_string(file).unwrap();
            let tokens = text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            scan(&mut modules, module_path(file), file, tokens);
        }
        Self(modules)
    }

    /// Returns what each file takes from the others.
    pub(super) fn uses(&self) -> Uses {
        let mut uses = Uses::new();
        for (at, module) in &self.0 {
            let taken = module.aliases.iter().filter(|alias| !alias.is_reexport);
            let taken = taken.map(|alias| &alias.path).chain(&module.globs);
            for path in taken.chain(&module.paths) {
                let Some((file, name)) = self.resolve(at, path, 0) else { continue };
                if file != module.file {
                    let of = uses.entry(module.file.clone()).or_default();
                    of.entry(file).or_default().insert(name);
                }
            }
        }
        uses
    }

    /// Finds the file that defines what a path names, seen from a module.
    fn resolve(&self, at: &[String], path: &[String], depth: u8) -> Option<(PathBuf, String)> {
        const DEPTH_MAX: u8 = 16;
        if depth > DEPTH_MAX {
            return None;
        }
        let mut at = at.to_vec();
        for (index, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()?),
                name => {
                    let module = self.0.get(&at)?;
                    if module.items.contains(name) {
                        return Some((module.file.clone(), name.to_owned()));
                    }
                    let rest = path.get(index + 1..).unwrap_or_default();
                    let alias = module.aliases.iter().find(|alias| alias.name == name);
                    if module.children.contains(name) {
                        at.push(name.to_owned());
                    } else if let Some(alias) = alias {
                        let whole: Vec<_> = alias.path.iter().chain(rest).cloned().collect();
                        return self.resolve(&at, &whole, depth + 1);
                    } else {
                        let path = path.get(index..).unwrap_or_default();
                        let found = module.globs.iter().find_map(|glob| {
                            let whole: Vec<_> = glob.iter().chain(path).cloned().collect();
                            self.resolve(&at, &whole, depth + 1)
                        });
                        // A name in one of our modules that has no item comes from a macro.
                        let of_macro = || (module.file.clone(), name.to_owned());
                        return found.or_else(|| (index > 0).then(of_macro));
                    }
                }
            }
        }
        None
    }
}

fn module_path(file: &Path) -> ModulePath {
    let inside = file.strip_prefix("src").unwrap().with_extension("");
    let names = inside.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "lib").collect()
}

/// Reads the items, the names and the paths of one module.
fn scan(
    modules: &mut BTreeMap<ModulePath, Module>,
    at: ModulePath,
    file: &Path,
    tokens: TokenStream,
) {
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut rest = tokens.as_slice();
    while !rest.is_empty() {
        let (attributes, item) = split_attributes(rest);
        let length = item_length(item);
        let (item, after) = item.split_at(length);
        rest = after;
        if attributes.iter().any(|attribute| attribute == "cfg (test)") {
            continue;
        }
        let is_public = word(item, 0) == "pub";
        match keyword(item) {
            Some((at_keyword, "use")) => {
                let tree = &item[at_keyword + 1..item.len() - 1];
                read_use(tree, Vec::new(), is_public, &mut module);
            }
            Some((at_keyword, "mod")) => {
                let name = word(item, at_keyword + 1);
                module.children.insert(name.clone());
                if let Some(TokenTree::Group(body)) = item.last() {
                    let inner = at.iter().cloned().chain([name]).collect();
                    scan(modules, inner, file, body.stream());
                }
            }
            Some((at_keyword, kind)) => {
                if kind != "impl" {
                    module.items.insert(word(item, at_keyword + 1));
                }
                collect_paths(item, &mut module.paths);
            }
            None => collect_paths(item, &mut module.paths),
        }
    }
    modules.insert(at, module);
}

/// Returns the attributes before an item as text, and the rest.
fn split_attributes(mut tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let mut attributes = Vec::new();
    loop {
        let skip = match tokens {
            [TokenTree::Punct(hash), TokenTree::Group(_), ..] if hash.as_char() == '#' => 1,
            [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(_), ..]
                if hash.as_char() == '#' && bang.as_char() == '!' =>
            {
                2
            }
            _ => return (attributes, tokens),
        };
        if let TokenTree::Group(group) = &tokens[skip] {
            attributes.push(group.stream().to_string());
        }
        tokens = &tokens[skip + 1..];
    }
}

/// The number of tokens of the item at the front: up to its `;`, or to its body.
fn item_length(tokens: &[TokenTree]) -> usize {
    let is_value = matches!(keyword(tokens), Some((_, "use" | "const" | "static" | "type")));
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => !is_value && group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.map_or(tokens.len(), |end| end + 1)
}

/// Returns the keyword that tells what an item is, with its position.
fn keyword(item: &[TokenTree]) -> Option<(usize, &'static str)> {
    const KEYWORDS: [&str; 12] = [
        "use",
        "mod",
        "fn",
        "struct",
        "enum",
        "trait",
        "type",
        "static",
        "union",
        "impl",
        "macro_rules",
        "const",
    ];
    let head = item.iter().take_while(|token| match token {
        TokenTree::Punct(punct) => !matches!(punct.as_char(), ';' | '='),
        TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
        _ => true,
    });
    let found = head.enumerate().find_map(|(index, token)| match token {
        TokenTree::Ident(name) => {
            let name = name.to_string();
            KEYWORDS.into_iter().find(|keyword| *keyword == name).map(|keyword| (index, keyword))
        }
        _ => None,
    });
    match found? {
        (index, "const") => Some(match word(item, index + 1).as_str() {
            "fn" => (index + 1, "fn"),
            _ => (index, "const"),
        }),
        (index, "macro_rules") => Some((index + 1, "macro_rules")),
        found => Some(found),
    }
}

fn word(tokens: &[TokenTree], index: usize) -> String {
    match tokens.get(index) {
        Some(TokenTree::Ident(name)) => name.to_string(),
        _ => String::new(),
    }
}

/// Reads a tree of `use` below a prefix.
fn read_use(tree: &[TokenTree], prefix: Vec<String>, is_reexport: bool, module: &mut Module) {
    let mut path = prefix;
    let mut rest = tree;
    loop {
        match rest {
            [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Punct(_), ..] => {
                path.push(name.to_string());
                rest = &rest[3..];
            }
            [TokenTree::Group(group)] => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
                for branch in inner.split(is_comma) {
                    read_use(branch, path.clone(), is_reexport, module);
                }
                return;
            }
            [TokenTree::Punct(star)] if star.as_char() == '*' => return module.globs.push(path),
            [TokenTree::Ident(last), renamed @ ..] => {
                let name = match renamed {
                    [TokenTree::Ident(_), TokenTree::Ident(name)] => name.to_string(),
                    _ if *last == "self" => path.last().cloned().unwrap_or_default(),
                    _ => last.to_string(),
                };
                if *last != "self" {
                    path.push(last.to_string());
                }
                return module.aliases.push(Alias { name, path, is_reexport });
            }
            _ => return,
        }
    }
}

/// Collects the paths with more than one name, inside macros too.
fn collect_paths(tokens: &[TokenTree], paths: &mut Vec<Vec<String>>) {
    let mut path = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        match &tokens[index] {
            TokenTree::Ident(name) => {
                path.push(name.to_string());
                let is_joined = matches!(
                    tokens.get(index + 1..index + 3),
                    Some([TokenTree::Punct(first), TokenTree::Punct(second)])
                        if first.as_char() == ':' && second.as_char() == ':'
                );
                if is_joined {
                    index += 3;
                    continue;
                }
            }
            TokenTree::Group(group) => {
                let inner: Vec<_> = group.stream().into_iter().collect();
                collect_paths(&inner, paths);
            }
            _ => {}
        }
        if path.len() > 1 {
            paths.push(std::mem::take(&mut path));
        }
        path.clear();
        index += 1;
    }
}

//! A day of two banks in each network, written down; through our codec, and through `iso8583_rs`, to the same words.

use titian::iso8583::De;
use titian::link::Event;

use crate::bank::{Bank, Ending};
use crate::simulator::Simulator;
use crate::tap::{Transcript, tap};

/// Where the other end of every line is.
struct Day {
    switch: Simulator,
    ours: Bank,
    other: Bank,
    said: [Transcript; 2],
}

impl Day {
    fn heading(&self, text: &str) {
        for said in &self.said {
            said.heading(text);
        }
    }

    fn assert_positions(&self) {
        assert_eq!(self.switch.position("213"), self.ours.position);
        assert_eq!(self.switch.position("014"), self.other.position);
    }
}

#[tokio::test]
async fn a_day_in_nusantara() {
    day("nusantara").await;
}

#[tokio::test]
async fn a_day_in_rendezvous() {
    day("rendezvous").await;
}

#[tokio::test]
async fn a_day_in_holdfast() {
    day("holdfast").await;
}

async fn day(network: &str) {
    let (native, reference) =
        tokio::join!(day_with(network, "native"), day_with(network, "reference"));
    // The transcripts of the documentation.
    insta::with_settings!({
        snapshot_path => "../../docs/transcripts",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(network, native) });
    assert_eq!(reference, native, "iso8583_rs says the same");
}

/// What is said on a day, on the lines of both banks.
async fn day_with(network: &str, codec: &str) -> String {
    let switch = Simulator::start(network, &["--codec", codec]);
    let spec = crate::bank::network(network, "213").spec().clone();
    let (door, ours_said) = tap(&spec, switch.listen).await;
    let (other_door, other_said) = tap(&spec, switch.listen).await;
    let said = [ours_said, other_said];
    for said in &said {
        said.heading("sign-on");
    }
    let ours = Bank::join(network, "213", door).await;
    let other = Bank::join(network, "014", other_door).await;
    let mut day = Day { switch, ours, other, said };
    ask_and_pay(&mut day).await;
    match network {
        "holdfast" => no_answer_and_no_reversal(&mut day).await,
        _ => no_answer_and_reversal(&mut day).await,
    }
    between_banks(&mut day).await;
    cut_over(&mut day).await;
    let Day { switch, ours, other, said } = day;
    for said in &said {
        said.heading("sign-off");
    }
    ours.leave().await;
    other.leave().await;
    let (code, log) = switch.stop();
    assert_eq!(code, Some(0));
    for personal in ["1000000001", "5550001111", "7770001111", "936002", "DEWI", "BUDI"] {
        assert!(!log.contains(personal), "{log}");
    }
    let [ours, other] = said;
    format!("The line of 213\n{}\nThe line of 014\n{}", ours.text(), other.text())
}

async fn ask_and_pay(day: &mut Day) {
    day.heading("inquiry");
    let (code, holding) = day.ours.inquire("008", "1000000001").await;
    assert_eq!(code, "00");
    assert_eq!(holding.holder.unwrap().reveal(), "DEWI LESTARI");
    day.heading("transfer");
    assert_eq!(day.ours.pay("008", "1000000001", 12_500_000).await, "00");
    day.heading("transfers to an account that is closed, and to one that isn't there");
    assert_eq!(day.ours.pay("008", "1000000002", 100).await, "78");
    assert_eq!(day.ours.pay("008", "1000000003", 100).await, "76");
    day.assert_positions();
}

/// The request had its effect, and so had the first reversal; the answers of both are lost.
async fn no_answer_and_reversal(day: &mut Day) {
    day.heading("no answer, reversal, its repeat");
    day.switch.faults(
        r#"[{"match": {"mti": "0200"}, "action": "drop_response"},
            {"match": {"mti": "0420"}, "action": "drop_response"},
            {"match": {"mti": "0400"}, "action": "drop_response"}]"#,
    );
    let (order, trace) = (day.ours.order("008", "1000000001", 700), day.ours.trace());
    assert_eq!(day.ours.transfer(&order, trace).await, Ending::Expired);
    assert_eq!(day.switch.position("213"), day.ours.position - 700, "it had its effect");
    let [first, repeat] = day.ours.reversal(&order, trace);
    assert_eq!(day.ours.ask(first).await, Ending::Expired);
    let Ending::Answered(answer) = day.ours.ask(repeat).await else { panic!("no answer") };
    let done = ["00", "94"].contains(&day.ours.code(&answer).as_str());
    assert!(done, "{}", day.ours.code(&answer));
    day.switch.faults("[]");
    day.assert_positions();
}

/// One request had its effect and one had none; the switch says which.
async fn no_answer_and_no_reversal(day: &mut Day) {
    let cases = [
        ("drop_response", "no answer, and the status: done", "00"),
        ("drop_request", "no answer, and the status: never came", "25"),
    ];
    for (fault, heading, code) in cases {
        day.heading(heading);
        let rule = format!(r#"[{{"match": {{"de": {{"3": "401000"}}}}, "action": "{fault}"}}]"#);
        day.switch.faults(&rule);
        let (order, trace) = (day.ours.order("008", "1000000001", 700), day.ours.trace());
        assert_eq!(day.ours.transfer(&order, trace).await, Ending::Expired);
        let status = day.ours.said(|network, into| network.status(&order, trace, into));
        let Ending::Answered(answer) = day.ours.ask(status).await else { panic!("no answer") };
        assert_eq!(day.ours.code(&answer), code);
        day.ours.position -= if code == "00" { 700 } else { 0 };
    }
    day.switch.faults("[]");
    day.assert_positions();
}

async fn between_banks(day: &mut Day) {
    day.heading("from one bank to the other, and back");
    let Day { ours, other, switch, .. } = day;
    let (paid, ()) = tokio::join!(ours.pay("014", "7770001111", 31_400), other.be_paid());
    assert_eq!(paid, "00");
    let (paid, ()) = tokio::join!(other.pay("213", "5550001111", 15_900), ours.be_paid());
    assert_eq!(paid, "00");
    let (inquired, request) = tokio::join!(ours.inquire("014", "7770001111"), other.serve("00"));
    assert_eq!(inquired.1.holder.unwrap().reveal(), "RINA WULANDARI");
    assert!(request.len() > 100);
    let (declined, _) = tokio::join!(ours.pay("014", "7770002222", 100), other.serve("05"));
    assert_eq!(declined, "05", "the other bank's word");
    day_traffic(switch, ours).await;
    day.assert_positions();
}

/// The operator has the switch send a credit of a bank that it plays.
async fn day_traffic(switch: &Simulator, ours: &mut Bank) {
    let order = r#"{"kind": "credit", "from": "008", "to": "213", "from_account": "1000000001",
        "to_account": "5550001111", "amount_minor": 2200}"#;
    let (rrn, ()) = tokio::join!(
        async { switch.done("POST", "/inbound", order)["rrn"].clone() },
        ours.be_paid()
    );
    assert!(rrn.as_str().unwrap().starts_with('S'), "{rrn}");
    // The answer is there before the operator's next question is looked at, or soon after.
    while switch.state()["open_questions"] != 0 {
        tokio::task::yield_now().await;
    }
}

async fn cut_over(day: &mut Day) {
    day.heading("cut-over");
    let before = day.switch.state()["business_date"].as_str().unwrap().to_owned();
    let after = day.switch.done("POST", "/cutover", "")["business_date"].clone();
    assert!(after.as_str().unwrap() > before.as_str());
    if day.ours.network.name() != "rendezvous" {
        for bank in [&mut day.ours, &mut day.other] {
            let told = bank.wait(|event| match event {
                Event::CutOver { date, .. } => Some(*date),
                _ => None,
            });
            let told = told.await.to_string();
            let digits = after.as_str().unwrap().replace('-', "");
            assert_eq!(told, digits[4..], "{}", De::SETTLEMENT_DATE);
        }
        while day.switch.state()["open_questions"] != 0 {
            tokio::task::yield_now().await;
        }
    }
    let (status, file) = day.switch.ask("GET", &format!("/settlement/{before}.csv?bank=213"), "");
    assert_eq!(status, 200);
    let total: Vec<_> = file.lines().last().unwrap().split(',').collect();
    assert_eq!(total.last().unwrap().parse::<i64>().unwrap(), day.ours.position);
}

// A provider that others wrote, with one client and any person: `node provider.mjs PORT`. tests/long starts it.
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'titian',
    client_secret: '5f1d7c0a9be34482bd60f7a1c2e9934d',
    redirect_uris: ['https://titian.bank.example/admin/v1/oidc/callback'],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  claims: { openid: ['sub', 'employee', 'groups'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['a key of a test'] },
  async findAccount(_, id) {
    return { accountId: id, claims: () => ({ sub: id, employee: id, groups: ['make', 'other'] }) };
  },
});
provider.listen(port, '127.0.0.1', () => console.log(`ready at ${issuer}`));

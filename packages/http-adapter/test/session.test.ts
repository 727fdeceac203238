import { expect } from 'chai';
import { type Answer, ask, bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

const cookieOf = (answer: Answer): string => String(answer.headers['set-cookie']?.[0]).split(';')[0]!;

describe('the session of the dashboard', () => {
  let server: TestServer;
  let cookie: string;
  let token: string;
  before(async () => {
    server = await startServer();
    const session = await ask(server.port, '/api/session');
    cookie = cookieOf(session);
    token = String(bodyOf(session)['csrf_token']);
    expect(bodyOf(session)['anonymous']).to.equal(true);
    server.core.requestSwap = async () => ({ kind: 'unmanaged', detail: 'something serves there' });
  });
  after(() => server.close());

  it('is a signed cookie that scripts cannot read and other sites do not send', async () => {
    const header = String((await ask(server.port, '/api/session')).headers['set-cookie']?.[0]);
    expect(header)
      .to.match(/^spark_control_session=s%3A/)
      .and.to.contain('HttpOnly')
      .and.to.contain('SameSite=Strict');
    expect(header).to.not.contain('Secure');
  });

  it('keeps its cookie and gives another token that works too', async () => {
    const again = await ask(server.port, '/api/session', { headers: { cookie } });
    expect(again.headers).to.not.have.property('set-cookie');
    const answer = await post(server.port, '/api/swap', { model: 'qwen' }, { cookie, 'x-csrf-token': String(bodyOf(again)['csrf_token']) });
    expect(answer.status).to.equal(409);
  });

  it('is not given to programs, which need none', async () => {
    const answer = await post(server.port, '/api/swap', { model: 'qwen' });
    expect(answer.status).to.equal(409);
    expect(answer.headers).to.not.have.property('set-cookie');
    expect((await ask(server.port, '/api/version')).headers).to.not.have.property('set-cookie');
  });

  it('needs its token on unsafe requests, from the header only', async () => {
    expect((await post(server.port, '/api/swap', { model: 'qwen' }, { cookie, 'x-csrf-token': token })).status).to.equal(409);
    const refused = [
      post(server.port, '/api/swap', { model: 'qwen' }, { cookie }),
      post(server.port, '/api/swap', { model: 'qwen' }, { cookie, 'x-csrf-token': `${token}x` }),
      post(server.port, '/api/swap', { model: 'qwen', _csrf: token }, { cookie }),
      post(server.port, `/api/swap?_csrf=${token}`, { model: 'qwen' }, { cookie }),
      post(server.port, '/api/nothing', {}, { cookie }),
    ];
    for (const answer of await Promise.all(refused)) {
      expect(answer.status).to.equal(403);
      expect(bodyOf(answer)).to.include({ code: 'CROSS_SITE' });
      expect(bodyOf(answer)['detail']).to.contain('/api/session');
    }
  });

  it('does not take a token of another session, nor a cookie it did not sign', async () => {
    const other = await ask(server.port, '/api/session');
    expect(cookieOf(other)).to.not.equal(cookie);
    const crossed = await post(server.port, '/api/swap', { model: 'qwen' }, { cookie: cookieOf(other), 'x-csrf-token': token });
    expect(crossed.status).to.equal(403);
    for (const forged of ['spark_control_session=plain', `${cookie}x`, 'spark_control_session=j%3A%7B%7D']) {
      const answer = await post(server.port, '/api/swap', { model: 'qwen' }, { cookie: forged, 'x-csrf-token': token });
      expect(answer.status, forged).to.equal(403);
    }
  });
});

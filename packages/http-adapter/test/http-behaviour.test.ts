import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { ask, bodyOf, post, startServer, type TestServer } from './support/test-server.ts';

describe('every answer', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());

  it('carries the policy of the dashboard and nothing that breaks it over plain HTTP', async () => {
    for (const path of ['/api/version', '/nothing']) {
      const { headers } = await ask(server.port, path);
      const policy = String(headers['content-security-policy']);
      expect(policy).to.contain("default-src 'none'").and.to.contain("trusted-types 'none'").and.to.contain("frame-ancestors 'none'");
      expect(policy).to.not.contain('upgrade-insecure-requests').and.not.contain('unsafe-inline');
      expect(headers).to.not.have.property('strict-transport-security');
      expect(headers).to.not.have.property('x-powered-by');
      expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
      expect(headers['permissions-policy']).to.contain('microphone=(self)');
      expect(headers['cache-control']).to.equal('no-store');
    }
  });

  it('echoes a sane request id and logs it, and replaces one that is not', async () => {
    const kept = await ask(server.port, '/api/nothing', { headers: { 'x-request-id': 'job-17.a' } });
    expect(kept.headers['x-request-id']).to.equal('job-17.a');
    expect(bodyOf(kept)['request_id']).to.equal('job-17.a');
    await ask(server.port, '/api/version');
    expect(server.logs.map(({ fields }) => fields['request_id'])).to.contain('job-17.a');
    for (const bad of ['a b', 'x'.repeat(65), '<script>']) {
      expect((await ask(server.port, '/api/version', { headers: { 'x-request-id': bad } })).headers['x-request-id']).to.match(/^req_\d+$/);
    }
  });

  it('answers HEAD as GET without a body, also on streams', async () => {
    const head = await ask(server.port, '/api/version', { method: 'HEAD' });
    expect(head).to.include({ status: 200, text: '' });
    const stream = await ask(server.port, '/api/events', { method: 'HEAD' });
    expect(stream).to.include({ status: 200, text: '' });
    expect(stream.headers['content-type']).to.contain('text/event-stream');
  });

  it('answers OPTIONS and a wrong method with Allow', async () => {
    const options = await ask(server.port, '/api/swap', { method: 'OPTIONS' });
    expect(options.status).to.equal(204);
    expect(options.headers.allow).to.equal('POST, OPTIONS');
    const wrong = await ask(server.port, '/api/swap/swp_1', { method: 'DELETE' });
    expect(wrong.status).to.equal(405);
    expect(wrong.headers.allow).to.equal('GET, HEAD, OPTIONS');
    expect(wrong.headers['content-type']).to.contain('application/problem+json');
    expect(bodyOf(wrong)).to.include({ code: 'METHOD_NOT_ALLOWED', status: 405 });
  });

  it('answers a problem document to unknown paths and to paths that cannot be decoded', async () => {
    for (const path of ['/api', '/api/nothing', '/api/hosts/%zz', '/v1/models', '/api/swap/', '/API/version', '/']) {
      const answer = await ask(server.port, path);
      expect(answer.status, path).to.equal(404);
      expect(bodyOf(answer), path).to.include({ code: 'ROUTE_NOT_FOUND', type: 'urn:spark-control:problem:route-not-found' });
    }
  });

  it('hides what a defect says, and logs it with its stack', async () => {
    server.core.readiness = async () => {
      throw new TypeError('secret innards');
    };
    const answer = await ask(server.port, '/readyz', { headers: { 'x-request-id': 'defect-1' } });
    expect(answer.status).to.equal(500);
    expect(answer.text).to.not.contain('innards');
    expect(bodyOf(answer)).to.include({ code: 'INTERNAL', request_id: 'defect-1' });
    const logged = server.logs.find(({ level, fields }) => level === 'error' && fields['request_id'] === 'defect-1');
    expect(logged?.fields['stack']).to.contain('secret innards').and.to.contain('http-behaviour.test.ts');
  });

  it('says when to come back as header and field', async () => {
    server.core.readiness = async () => {
      throw new SparkError('STORE_UNAVAILABLE', 'The disk is full.', { details: { retryAfterSeconds: 2.5 } });
    };
    const answer = await ask(server.port, '/readyz');
    expect(answer.status).to.equal(503);
    expect(answer.headers['retry-after']).to.equal('3');
    expect(bodyOf(answer)).to.include({ code: 'STORE_UNAVAILABLE', detail: 'The disk is full.', retry_after_seconds: 2.5 });
  });

  it('names each check of readiness and answers 503 when one fails', async () => {
    server.core.readiness = async () => [{ name: 'store', ok: false, detail: 'read-only' }];
    const answer = await ask(server.port, '/readyz');
    expect(answer.status).to.equal(503);
    expect(bodyOf(answer)).to.deep.equal({ ok: false, checks: [{ name: 'store', ok: false, detail: 'read-only' }] });
  });
});

describe('the dashboard files', () => {
  let root: string;
  let server: TestServer;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'web-'));
    mkdirSync(join(root, 'assets'));
    writeFileSync(join(root, 'index.html'), '<!doctype html>\n<html lang="en"><title>Spark Control</title></html>');
    writeFileSync(join(root, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(join(root, 'assets', 'main-1.js'), 'plain();');
    writeFileSync(join(root, 'assets', 'main-1.js.br'), 'compressed');
    server = await startServer({ webRoot: root });
  });
  after(async () => {
    await server.close();
    rmSync(root, { recursive: true });
  });

  it('are the page on every path that belongs to no program', async () => {
    for (const path of ['/', '/swaps/swp_1', '/models', '/apix']) {
      const answer = await ask(server.port, path);
      expect(answer, path).to.include({ status: 200 });
      expect(answer.text, path).to.contain('<title>');
      expect(answer.headers['cache-control'], path).to.equal('no-cache');
    }
    expect((await ask(server.port, '/icon.svg')).headers['content-type']).to.contain('image/svg+xml');
  });

  it('are the page in the appearance that its cookie names, and in none that nobody offers', async () => {
    const pageFor = async (cookie: string) => (await ask(server.port, '/models', { headers: { cookie } })).text;
    expect(await pageFor('a=b; spark_control_theme=dark')).to.contain('<html lang="en" data-theme="dark">');
    expect(await pageFor('spark_control_theme=light; a=b')).to.contain('<html lang="en" data-theme="light">');
    for (const value of ['auto', '', 'darker', 'dark"><script>', '%64ark', 'dark,light']) {
      expect(await pageFor(`spark_control_theme=${value}`), value).to.contain('<html lang="en"><title>');
    }
    expect(await pageFor('my_spark_control_theme=dark')).to.contain('<html lang="en"><title>');
    expect((await ask(server.port, '/')).headers['vary']).to.contain('Cookie');
  });

  it('are not the page for an unknown program path, a missing asset or a POST', async () => {
    for (const path of ['/api/nothing', '/assets/missing.js', '/v1/x', '/assets/%2e%2e/index.html']) {
      expect(bodyOf(await ask(server.port, path)), path).to.include({ code: 'ROUTE_NOT_FOUND' });
    }
    expect((await post(server.port, '/somewhere', {})).status).to.equal(404);
  });

  it('are kept for good when their name changes with their content, compressed if the browser takes it', async () => {
    const plain = await ask(server.port, '/assets/main-1.js');
    expect(plain.text).to.equal('plain();');
    expect(plain.headers['cache-control']).to.contain('immutable');
    const small = await ask(server.port, '/assets/main-1.js', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(small.text).to.equal('compressed');
    expect(small.headers).to.include({ 'content-encoding': 'br' });
    expect(small.headers['content-type']).to.contain('javascript');
    expect(small.headers['vary']).to.contain('Accept-Encoding');
  });
});

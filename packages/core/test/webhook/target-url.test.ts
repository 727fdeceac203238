import { expect } from 'chai';
import { hostOf, urlFault } from '../../src/webhook/target-url.ts';

describe('the URL of a webhook', () => {
  for (const url of [
    'http://192.168.1.20/hook',
    'https://hooks.lan:8443/a/b?token=x&y=1',
    'HTTP://host',
    'http://[fd00::1]:8080/',
    'http://host.local/%20',
    'https://müller.lan/hook',
  ]) {
    it(`may be ${url}`, () => expect(urlFault(url)).to.equal(null));
  }

  for (const [url, words] of [
    ['', /in full/],
    ['/hook', /in full/],
    ['//host/hook', /in full/],
    ['host/hook', /in full/],
    ['http:host', /in full/],
    ['http:/host', /in full/],
    ['http:///hook', /in full/],
    ['http://', /in full/],
    ['http://?x', /in full/],
    ['ftp://host/x', /in full/],
    ['file:///etc/passwd', /in full/],
    ['javascript:alert(1)', /in full/],
    ['gopher://host:70/1', /in full/],
    ['http://user:secret@host/', /user or password/],
    ['http://user@host/', /user or password/],
    ['http://@host/', /user or password/],
    ['http://:@host/', /user or password/],
    ['http://host/#part', /after #/],
    ['http://host/#', /after #/],
    ['http://host /x', /blanks/],
    [' http://host', /blanks/],
    ['http://ho\tst/', /blanks/],
    ['http://host/\n', /blanks/],
    ['http://host/\u0000', /blanks/],
    ['http:\\\\host\\x', /blanks/],
    ['http://host\\@other/', /blanks/],
    ['http://host:99999/', /cannot be read/],
    ['http://[::1', /cannot be read/],
    ['http://a b', /blanks/],
    ['http://%zz/', /cannot be read/],
  ] as const) {
    it(`may not be ${JSON.stringify(url)}`, () => expect(urlFault(url)).to.match(words));
  }

  it('is named by its host alone where others read it', () => {
    expect(hostOf('https://hooks.lan:8443/T0/secret?token=x')).to.equal('hooks.lan:8443');
    expect(hostOf('nonsense')).to.equal('an unknown host');
  });
});

import { expect } from 'chai';
import { envNameProblem, isImageReference, looksSecret, resolveHome } from '../../src/index.ts';

describe('isImageReference', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  for (const image of [
    'vllm-node',
    'vllm-node:latest',
    'vllm/vllm-openai:v0.24.0',
    'registry.local:5000/team/vllm_node:1.0',
    'localhost/x',
    `a/b@${digest}`,
    `a:b@${digest}`,
    'a__b',
    'a--b',
  ]) {
    it(`takes ${image.slice(0, 40)}`, () => expect(isImageReference(image)).to.equal(true));
  }
  for (const image of [
    '',
    'A',
    'a b',
    '-a',
    'a:',
    'a:b c',
    'a/',
    '/a',
    'a//b',
    'a:-b',
    'a@sha256:1',
    'a;b',
    'a$b',
    'a\n',
    `a:${'x'.repeat(129)}`,
    'a'.repeat(513),
    'a___b',
  ]) {
    it(`refuses ${JSON.stringify(image).slice(0, 40)}`, () => expect(isImageReference(image)).to.equal(false));
  }

  it('answers at once for a text made to keep a pattern busy', () => {
    expect(isImageReference(`${'a-'.repeat(255)}!`)).to.equal(false);
    expect(isImageReference(`${'a.'.repeat(255)}!`)).to.equal(false);
  });
});

describe('resolveHome', () => {
  const cases: readonly [string, string][] = [
    ['~', '/home/x'],
    ['~/.cache/hf', '/home/x/.cache/hf'],
    ['/data/~/hf', '/data/~/hf'],
    ['~other/hf', '~other/hf'],
  ];
  for (const [path, expected] of cases) {
    it(`makes ${expected} of ${path}`, () => {
      expect(resolveHome(path, '/home/x')).to.equal(expected);
      expect(resolveHome(path, '/home/x/')).to.equal(expected);
    });
  }
});

describe('envNameProblem', () => {
  for (const name of ['HF_TOKEN', 'VLLM_USE_V1', '_x', 'a1', 'NCCL_DEBUG', 'LD_LIBRARY_PATH', 'AA']) {
    it(`takes ${name}`, () => expect(envNameProblem(name)).to.equal(null));
  }
  for (const name of [
    '',
    '1A',
    'A B',
    'A=B',
    'Ä',
    'A\n',
    'A',
    'PATH',
    'HOME',
    'UID',
    'BASH_ENV',
    'LD_PRELOAD',
    'LD_AUDIT',
    'DOCKER_HOST',
    'HF_HOME',
    'VLLM_HOST_IP',
    '__proto__',
    'x'.repeat(129),
  ]) {
    it(`refuses ${JSON.stringify(name).slice(0, 20)} with a reason`, () =>
      expect(envNameProblem(name)).to.be.a('string').with.length.above(10));
  }
  it('takes names that every object has', () => expect(envNameProblem('constructor')).to.equal(null));
});

describe('looksSecret', () => {
  for (const name of ['HF_TOKEN', 'VLLM_API_KEY', 'MY_SECRET', 'DB_PASSWORD', 'AWS_CREDENTIALS', 'KEY', 'OPENAI_APIKEY']) {
    it(`masks ${name}`, () => expect(looksSecret(name)).to.equal(true));
  }
  for (const name of ['VLLM_USE_V1', 'KEYBOARD', 'MONKEY', 'OMP_NUM_THREADS']) {
    it(`shows ${name}`, () => expect(looksSecret(name)).to.equal(false));
  }
});

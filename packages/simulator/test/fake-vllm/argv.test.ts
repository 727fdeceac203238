import { expect } from 'chai';
import { parseCommandLine, type ServeOptions } from '../../src/fake-vllm/serve-options.ts';

function accepted(...words: string[]): ServeOptions {
  const parsed = parseCommandLine(['serve', ...words]);
  return parsed.kind === 'serve' ? parsed.options : expect.fail(parsed.output);
}

function refused(...words: string[]): Readonly<{ exitCode: number; output: string }> {
  const parsed = parseCommandLine(['serve', ...words]);
  return parsed.kind === 'exit' ? parsed : expect.fail('it was accepted');
}

describe('the command line of the fake vllm', () => {
  it('reads what a launcher writes for a head and for a worker', () => {
    const head = accepted(
      'acme/model',
      '--port',
      '8001',
      '--served-model-name',
      'a',
      'b',
      '--max-model-len',
      '32k',
      '-tp',
      '2',
      '--nnodes',
      '2',
      '--node-rank',
      '0',
      '--master-addr',
      '10.0.0.1',
    );
    expect(head).to.include({
      model: 'acme/model',
      port: 8001,
      maxModelLen: 32_000,
      tensorParallel: 2,
      nodes: 2,
      nodeRank: 0,
      headless: false,
    });
    expect(head.servedModelNames).to.deep.equal(['a', 'b']);
    expect(accepted('acme/model', '--nnodes', '2', '--node-rank', '1', '--headless')).to.include({ nodeRank: 1, headless: true });
  });

  it('knows the suffixes of human-readable numbers', () => {
    const lengths = ['1k', '1K', '25.6k', '4096', 'auto', '-1'].map((text) => accepted('m', '--max-model-len', text).maxModelLen);
    expect(lengths).to.deep.equal([1000, 1024, 25_600, 4096, null, null]);
  });

  it('takes underscores, equals signs, glued short options and negated toggles', () => {
    const { given } = accepted('m', '--max_model_len=4096', '-O3', '-tp=2', '--no-enable-prefix-caching', '--compilation-config.mode', '3');
    expect(given).to.deep.equal({
      max_model_len: 4096,
      optimization_level: '3',
      tensor_parallel_size: 2,
      enable_prefix_caching: false,
      'compilation_config.mode': '3',
    });
  });

  it('keeps hostile values exactly as they are', () => {
    const hostile = ["'; rm -rf / #", '$(id)', 'a b\n"c"', '--not a flag', '', '-', 'é🙂'];
    expect(accepted('m', '--served-model-name', ...hostile).servedModelNames).to.deep.equal(hostile);
    expect(accepted('m', '--chat-template=-x').given).to.deep.equal({ chat_template: '-x' });
  });

  it('refuses unknown flags and surplus words in the words of argparse, with exit code 2', () => {
    const { exitCode, output } = refused('m', '--foo', 'bar', '--port', '1', 'surplus');
    expect(exitCode).to.equal(2);
    expect(output).to.match(/^vllm serve: error: unrecognized arguments: --foo bar surplus$/m);
  });

  it('refuses values of the wrong kind in the words of argparse', () => {
    expect(refused('m', '--port', 'abc').output).to.contain("argument --port: invalid int value: 'abc'");
    expect(refused('m', '--port').output).to.contain('argument --port: expected one argument');
    expect(refused('m', '--served-model-name', '--port', '1').output).to.contain(
      'argument --served-model-name: expected at least one argument',
    );
    expect(refused('m', '--dtype', 'int4').output).to.contain("argument --dtype: invalid choice: 'int4' (choose from");
    expect(refused('m', '--headless=yes').output).to.contain("ignored explicit argument 'yes'");
    expect(refused('m', '--limit-mm-per-prompt', '{').output).to.contain('argument --limit-mm-per-prompt');
  });

  it('makes the checks that vllm makes after argparse, with exit code 1', () => {
    expect(refused('m', '--gpu-memory-utilization', '1.5')).to.include({ exitCode: 1 });
    expect(refused('m', '--enable-auto-tool-choice').output).to.contain('--enable-auto-tool-choice requires --tool-call-parser');
  });

  it('refuses other commands and tells its version', () => {
    expect(parseCommandLine(['bench'])).to.include({ kind: 'exit', exitCode: 2 });
    expect(parseCommandLine([])).to.include({ kind: 'exit', exitCode: 2 });
    expect(parseCommandLine(['--version'])).to.include({ kind: 'exit', exitCode: 0 });
  });
});

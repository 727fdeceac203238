import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { canBeWritten, writeAtomically } from '../../src/index.ts';

describe('whether a file can be written', () => {
  let folder = '';
  const at = (name: string): string => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spark-write-'));
    mkdirSync(at('below'));
  });
  afterEach(() => {
    chmodSync(at('below'), 0o755);
    rmSync(folder, { recursive: true, force: true });
  });

  // Root may write all of them, and writing refuses what is marked all the same.
  const cases: Readonly<Record<string, () => string>> = {
    'a file': () => at('file'),
    'a file that is not there yet': () => at('below/new'),
    'a file marked read-only': () => {
      chmodSync(at('file'), 0o444);
      return at('file');
    },
    'a file in a folder marked read-only': () => {
      chmodSync(at('below'), 0o555);
      return at('below/file');
    },
    'a link to one there': () => {
      chmodSync(at('below'), 0o555);
      symlinkSync(at('below/file'), at('link'));
      return at('link');
    },
    'a folder': () => at('below'),
    'a file in no folder': () => at('nowhere/file'),
  };
  for (const [what, make] of Object.entries(cases)) {
    it(`is told as writing it turns out: ${what}`, () => {
      for (const name of ['file', 'below/file']) writeFileSync(at(name), 'old');
      const path = make();
      let isWritten: boolean;
      try {
        isWritten = writeAtomically(path, 'new');
      } catch {
        isWritten = false;
      }
      expect(canBeWritten(path)).to.equal(isWritten);
      if (isWritten) expect(readFileSync(path, 'utf8')).to.equal('new');
    });
  }
});

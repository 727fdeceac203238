import { expect } from 'chai';
import type { Io, Sink } from '../../src/cli/io.ts';
import { Output } from '../../src/cli/output.ts';

/** What is written, and an io of which only the outputs matter. */
function outputs(columns: number | undefined) {
  const text = { stdout: '', stderr: '' };
  const sink = (where: keyof typeof text): Sink => ({
    write(more) {
      text[where] += more;
    },
    isTTY: true,
    columns,
  });
  return { text, io: { stdout: sink('stdout'), stderr: sink('stderr'), env: {} } as unknown as Io };
}

describe('what sparkctl writes', () => {
  it('is an error as one line where there were lines of results before, and for people to read where there were none', () => {
    const { text, io } = outputs(80);
    new Output(io, { isJson: true, isQuiet: false }).error({ code: 'X' });
    expect(text.stdout).to.equal('{\n  "error": {\n    "code": "X"\n  }\n}\n');
    text.stdout = '';
    const out = new Output(io, { isJson: true, isQuiet: false });
    out.record({ id: 1 }, () => null);
    out.error({ code: 'X' });
    expect(text.stdout).to.equal('{"id":1}\n{"error":{"code":"X"}}\n');
  });

  for (const columns of [0, undefined]) {
    it(`takes a terminal that says it is ${columns} wide for one of 80`, () => {
      let seen = 0;
      new Output(outputs(columns).io, { isJson: false, isQuiet: false }).live((_, width) => {
        seen = width;
        return '';
      });
      expect(seen).to.equal(80);
    });
  }
});

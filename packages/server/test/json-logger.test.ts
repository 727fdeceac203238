import { PassThrough } from 'node:stream';
import { SparkError } from '@spark-control/core';
import { expect } from 'chai';
import { createJsonLogger } from '../src/json-logger.ts';

async function logged(write: (logger: ReturnType<typeof createJsonLogger>) => void): Promise<Record<string, unknown>[]> {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const logger = createJsonLogger({ level: 'info', stream });
  write(logger);
  await logger.end();
  return Buffer.concat(chunks)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the JSON logger', () => {
  it('masks a secret wherever it stands in a line', async () => {
    const secret = 'hf_abcdefghijklmnopqrstuvwxyz012345';
    const [line] = await logged((logger) => logger.info(`token ${secret}`, { nested: { deep: [`Bearer ${secret}`] } }));
    expect(JSON.stringify(line)).not.to.contain(secret);
    expect(line?.['message']).to.contain('token');
  });

  it('keeps one entry on one line and its own fields apart from the level', async () => {
    const lines = await logged((logger) => logger.warn('first\nsecond', { level: 'mine', error: new SparkError('READ_ONLY', 'no') }));
    expect(lines).to.have.length(1);
    expect(lines[0]).to.deep.include({ level: 'warn', level_: 'mine', error: { code: 'READ_ONLY', message: 'no' } });
  });

  it('writes lines that parse whatever the quotes in them', async () => {
    const nasty = `password='it"s \\' {"token":"abc"} --api-key "x`;
    const [line] = await logged((logger) => logger.info(nasty, { fields: [nasty, { deep: nasty }] }));
    expect(line).to.have.property('fields');
  });

  it('cuts what has no end', async () => {
    const endless: Record<string, unknown> = { text: 'x'.repeat(100_000) };
    endless['self'] = endless;
    const [line] = await logged((logger) => logger.info('big', { endless }));
    expect(JSON.stringify(line).length).to.be.below(200_000);
  });
});

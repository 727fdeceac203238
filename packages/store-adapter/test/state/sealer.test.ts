import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect } from 'chai';
import fc from 'fast-check';
import { Sealer, sealerOf } from '../../src/state/sealer.ts';
import { rejection, temporaryFolder } from '../support/folders.ts';

const key = (byte: number): Buffer => Buffer.alloc(32, byte);

describe('sealing', () => {
  it('gives any text back for its own context, and for no other', () => {
    const sealer = new Sealer(key(1));
    const text = fc.string({ unit: 'binary', maxLength: 200 });
    fc.assert(
      fc.property(text, text, text, (secret, context, other) => {
        const sealed = sealer.seal(secret, context);
        expect(sealer.open(sealed, context)).to.equal(Buffer.from(secret).toString());
        if (other !== context) expect(sealer.open(sealed, other)).to.equal(null);
      }),
    );
  });

  it('never seals the same text to the same twice, and shows nothing of it', () => {
    const sealer = new Sealer(key(1));
    const first = sealer.seal('lck_top_secret', 'a');
    expect(first).to.not.equal(sealer.seal('lck_top_secret', 'a'));
    expect(Buffer.from(first, 'base64url').includes('top_secret')).to.equal(false);
  });

  it('opens nothing that was changed anywhere, cut short, or sealed with another key', () => {
    const sealer = new Sealer(key(1));
    const sealed = sealer.seal('a secret', 'a');
    for (let end = 0; end < sealed.length; end += 1) expect(sealer.open(sealed.slice(0, end), 'a')).to.equal(null);
    const bytes = Buffer.from(sealed.slice(3), 'base64url');
    for (let place = 0; place < bytes.length; place += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
      expect(sealer.open(`s1.${changed.toString('base64url')}`, 'a'), `byte ${place}`).to.equal(null);
    }
    expect(new Sealer(key(2)).open(sealed, 'a')).to.equal(null);
  });
});

describe('the key of a data folder', () => {
  const folder = temporaryFolder();
  const path = (): string => join(folder.path(), 'secret.key');

  it('is made once, for this user alone, and leaves no draft behind', () => {
    const sealed = sealerOf(folder.path()).seal('a secret', 'a');
    expect(statSync(path()).mode & 0o777).to.equal(0o600);
    expect(statSync(path()).size).to.equal(32);
    expect(readdirSync(folder.path())).to.deep.equal(['secret.key']);
    expect(sealerOf(folder.path()).open(sealed, 'a')).to.equal('a secret');
  });

  it('differs from folder to folder', () => {
    mkdirSync(join(folder.path(), 'other'));
    const sealed = sealerOf(folder.path()).seal('a secret', 'a');
    expect(sealerOf(join(folder.path(), 'other')).open(sealed, 'a')).to.equal(null);
  });

  it('is made although a start that was cut off left half of one', () => {
    writeFileSync(`${path()}.new`, 'half');
    sealerOf(folder.path());
    expect(readFileSync(path())).to.have.length(32);
    expect(existsSync(`${path()}.new`)).to.equal(false);
  });

  it('is closed to others again when a restored copy was open to all', () => {
    sealerOf(folder.path());
    chmodSync(path(), 0o644);
    sealerOf(folder.path());
    expect(statSync(path()).mode & 0o777).to.equal(0o600);
  });

  for (const { what, spoil, says } of [
    { what: 'is too short', spoil: (at: string) => writeFileSync(at, 'short'), says: 'does not have 32 bytes' },
    { what: 'is empty', spoil: (at: string) => writeFileSync(at, ''), says: 'does not have 32 bytes' },
    { what: 'is a folder', spoil: (at: string) => mkdirSync(at), says: 'it is a folder' },
  ]) {
    it(`is never replaced: a store whose key ${what} does not open, says why, and opens once that is mended`, async () => {
      await (await folder.open()).close();
      rmSync(path());
      spoil(path());
      const error = await rejection(folder.open());
      expect(error).to.have.property('code', 'STORE_UNAVAILABLE');
      expect(error.message).to.contain(path()).and.to.contain(says);
      rmSync(path(), { recursive: true });
      expect((await (await folder.open()).health()).ok).to.equal(true); // the failed start had let go of the database
    });
  }
});

describe('stored answers', () => {
  const folder = temporaryFolder();
  const answer = { status: 201, headers: { 'X-Test': 'yes' }, body: '{"lock_id":"lck_top_secret"}' };

  it('stand nowhere in the data folder in the clear', async () => {
    const store = await folder.open();
    await store.answers.begin('k', 'hash', 0);
    await store.answers.complete('k', answer, 0);
    await store.close();
    for (const name of readdirSync(folder.path())) {
      expect(readFileSync(join(folder.path(), name)).includes('lck_top_secret'), name).to.equal(false);
    }
    expect(await (await folder.open()).answers.begin('k', 'hash', 1)).to.deep.equal({ kind: 'replay', answer });
  });

  it('count as not there once the key was replaced, and the request may run again', async () => {
    const first = await folder.open();
    await first.answers.begin('k', 'hash', 0);
    await first.answers.complete('k', answer, 0);
    await first.close();
    rmSync(join(folder.path(), 'secret.key'));
    const { answers } = await folder.open();
    expect(await answers.begin('k', 'other hash', 1)).to.deep.equal({ kind: 'new' });
    await answers.complete('k', answer, 1);
    expect(await answers.begin('k', 'other hash', 2)).to.deep.equal({ kind: 'replay', answer });
  });

  it('cannot be moved to the key of another request', async () => {
    const first = await folder.open();
    for (const key of ['mine', 'theirs']) {
      await first.answers.begin(key, 'hash', 0);
      await first.answers.complete(key, { ...answer, body: key }, 0);
    }
    await first.close();
    const raw = new DatabaseSync(join(folder.path(), 'spark-control.db'));
    raw.exec("update answers set answer = (select answer from answers where key = 'theirs') where key = 'mine'");
    raw.close();
    expect(await (await folder.open()).answers.begin('mine', 'hash', 1)).to.deep.equal({ kind: 'new' });
  });

  it('of an earlier version, which were stored in the clear, are still replayed', async () => {
    await (await folder.open()).close();
    const raw = new DatabaseSync(join(folder.path(), 'spark-control.db'));
    raw
      .prepare('insert into answers (key, body_hash, answer, expires_at) values (?, ?, ?, ?)')
      .run('k', 'hash', JSON.stringify(answer), 10);
    raw.close();
    expect(await (await folder.open()).answers.begin('k', 'hash', 1)).to.deep.equal({ kind: 'replay', answer });
  });
});

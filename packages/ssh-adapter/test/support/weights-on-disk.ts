import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FAKE_HF = join(import.meta.dirname, 'fake-hf.sh');

/** Weights in a home's cache as the hub's client lays them out. A download that was broken off leaves a part with another suffix. */
export function placeWeights(home: string, repo: string, isComplete: boolean, bytes = 4_096): string {
  const folder = join(home, '.cache/huggingface/hub', `models--${repo.replace('/', '--')}`);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('refs/main', 'abc123');
  write('blobs/1111', '{"model_type":"fake"}');
  write(`blobs/2222${isComplete ? '' : '.incomplete'}`, 'x'.repeat(bytes));
  mkdirSync(join(folder, 'snapshots/abc123'), { recursive: true });
  for (const [name, blob] of [['config.json', '1111'], ...(isComplete ? [['model.safetensors', '2222']] : [])]) {
    symlinkSync(`../../blobs/${blob}`, join(folder, 'snapshots/abc123', name ?? ''));
  }
  return folder;
}

/** Puts the hub's client, without a hub, where a login user has it. */
export function installFakeHf(home: string, name = 'hf'): string {
  const path = join(home, '.local/bin', name);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(FAKE_HF, path);
  chmodSync(path, 0o755);
  return path;
}

export function placeModel(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), '{}');
  writeFileSync(join(folder, 'model.safetensors'), 'x');
}

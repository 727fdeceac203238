import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MODELS = `models:
  alpha: { repo: lab/alpha, served_model_name: alpha-served, weights_gib: 8, flags: { max-model-len: 4096 } }
  beta: { repo: lab/beta, weights_gib: 8, flags: { max-model-len: 4096 } }
  slow: { repo: lab/slow, weights_gib: 70, flags: { max-model-len: 4096 } }
  broken: { repo: lab/broken, weights_gib: 8, extra_args: ['--no-such-flag'] }
  huge: { repo: lab/huge, weights_gib: 500 }
`;

/** A configuration folder with models that load, one that loads slowly, one that ends at its start and one that fits nowhere. */
export async function fewModels(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spark-control-models-'));
  await writeFile(join(folder, 'models.yaml'), MODELS);
  return folder;
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two small models that every simulated pair holds. */
export const MODELS = `models:
  small: { name: Small, repo: acme/small, weights_gib: 4, flags: { gpu-memory-utilization: 0.3 } }
  large: { name: Large, repo: acme/large, weights_gib: 8, flags: { gpu-memory-utilization: 0.3 } }
`;

/** An own place for the configuration and the state of one server. */
export class Folders {
  readonly root: string = mkdtempSync(join(tmpdir(), 'spark-control-server-'));
  readonly config: string = join(this.root, 'config');
  readonly data: string = join(this.root, 'data');

  constructor(files: Readonly<Record<string, string>> = { 'models.yaml': MODELS }) {
    mkdirSync(this.config);
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.config, name), content);
  }

  get env(): Readonly<Record<string, string>> {
    return { SPARK_CONTROL_DATA: this.data, SPARK_CONTROL_CONFIG: this.config };
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

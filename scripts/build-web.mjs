// Bundles the dashboard into packages/web-ui/dist/www: index.html and assets/ with hashed names and compressed copies.
// Prints the sizes and fails when the first load, or what comes later, is over budget.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const KB = 1000;
/** `later`: the screens that are fetched when one of them is opened first. */
const BUDGET = { js: 40 * KB, later: 40 * KB, css: 15 * KB };

const source = fileURLToPath(new URL('../packages/web-ui/src/', import.meta.url));
const target = fileURLToPath(new URL('../packages/web-ui/dist/www/', import.meta.url));

await rm(target, { recursive: true, force: true });
await mkdir(join(target, 'assets'), { recursive: true });

const { metafile } = await build({
  absWorkingDir: source,
  entryPoints: ['main.ts', 'styles/main.css', 'icon.svg'],
  outdir: join(target, 'assets'),
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  conditions: ['source'],
  loader: { '.svg': 'copy' },
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  sourcemap: false,
  metafile: true,
});

const built = Object.entries(metafile.outputs).map(([path, output]) => ({ file: basename(path), entry: output.entryPoint }));
const nameOf = (entry) => {
  const found = built.find((output) => output.entry === entry);
  if (found === undefined) throw new Error(`esbuild wrote nothing for ${entry}`);
  return found.file;
};
const icon = built.find(({ file }) => file.endsWith('.svg'));
if (icon === undefined) throw new Error('esbuild did not copy icon.svg');

const files = { script: nameOf('main.ts'), style: nameOf('styles/main.css'), icon: icon.file };
const template = await readFile(join(source, 'index.html'), 'utf8');
const page = template.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => {
  if (files[name] === undefined) throw new Error(`index.html asks for {{${name}}}, which is not built`);
  return files[name];
});
await writeFile(join(target, 'index.html'), page);
await writeFile(join(target, 'icon.svg'), await readFile(join(source, 'icon.svg')));

/** Files that the page needs before it shows anything: the entry and all that it imports, but not what it imports on demand. */
const firstLoad = () => {
  const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === 'main.ts')?.[0];
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: next, kind } of metafile.outputs[path].imports) if (kind === 'import-statement') found.add(next);
  }
  return new Set([...found].map((path) => basename(path)));
};
const first = firstLoad();

/** Writes the compressed copies that the server hands out, and adds up the sizes. */
const compress = async (isMeant) => {
  const names = built.map(({ file }) => file).filter(isMeant);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const path = join(target, 'assets', name);
      const bytes = await readFile(path);
      const gzip = gzipSync(bytes, { level: 9 });
      await writeFile(`${path}.gz`, gzip);
      await writeFile(`${path}.br`, brotliCompressSync(bytes));
      return { raw: bytes.length, gzip: gzip.length };
    }),
  );
  return sizes.reduce((sum, { raw, gzip }) => ({ raw: sum.raw + raw, gzip: sum.gzip + gzip }), { raw: 0, gzip: 0 });
};

const KINDS = {
  js: (name) => name.endsWith('.js') && first.has(name),
  later: (name) => name.endsWith('.js') && !first.has(name),
  css: (name) => name.endsWith('.css'),
};
const kb = (bytes) => `${(bytes / KB).toFixed(1)} kB`;
let over = false;
for (const [kind, limit] of Object.entries(BUDGET)) {
  const { raw, gzip } = await compress(KINDS[kind]);
  const isOver = gzip > limit;
  over ||= isOver;
  console.log(`dashboard ${kind}: ${kb(raw)}, ${kb(gzip)} gzip of ${kb(limit)}${isOver ? '  OVER BUDGET' : ''}`);
}
if (over) process.exitCode = 1;

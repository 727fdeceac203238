/** `organisation/name`, as the Hugging Face hub allows it. */
export const isRepository = (text: string): boolean =>
  /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?\/[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?$/.test(text) &&
  !/\.\.|--|\.git$/.test(text);

/** A branch, tag or commit. */
export const isRevision = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/.test(text) && !text.includes('..');

const HOST = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\d{1,5})?`;
const PART = String.raw`[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*`;
const IMAGE = new RegExp(`^(?:${HOST}/)?${PART}(?:/${PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`);

/** An image as `docker run` takes it: `[registry[:port]/]name[:tag][@sha256:digest]`. */
export const isImageReference = (text: string): boolean => text.length <= 512 && IMAGE.test(text);

/**
 * Why a folder may not be bound into a container, in words that follow the path; `null`: it may.
 * `roots`: the folders below which it has to lie; `null` asks only for its form.
 */
export function localPathProblem(path: string, roots: readonly string[] | null): string | null {
  if (!path.startsWith('/')) return 'has to be absolute: it is the same path on the host and in the container';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what is looked for.
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u.test(path)) return 'has a control character or broken Unicode in it';
  if (path.length > 1_024) return 'is longer than 1,024 characters';
  if (path.includes(':')) return 'has a colon in it, which Docker takes for the end of the path';
  const parts = path.slice(1).split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return 'has to be written in its shortest form: no `.`, no `..`, no double slash, no slash at the end';
  }
  if (roots === null || roots.some((root) => isBelow(path, root))) return null;
  const allowed = roots.length === 0 ? 'none is configured' : roots.join(', ');
  return `has to lie below one of the allowed folders (model_roots of the cluster: ${allowed})`;
}

const isBelow = (path: string, root: string): boolean => {
  const trimmed = root.replace(/\/+$/, '');
  return trimmed.startsWith('/') && trimmed !== '' && path.startsWith(`${trimmed}/`);
};

export const DEFAULT_HF_CACHE = '~/.cache/huggingface';

/**
 * A path of the hosts with `~` replaced by the login user's home. Nobody else does it for us: a quoted `~` stays a `~`,
 * and Docker would take `~/x` for the name of a volume.
 */
export function resolveHome(path: string, home: string): string {
  if (path !== '~' && !path.startsWith('~/')) return path;
  return home.replace(/\/+$/, '') + path.slice(1);
}

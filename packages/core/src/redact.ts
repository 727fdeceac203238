const MASK = '***';

// Linear on any input: a pattern starts at a fixed word, its quantifiers are bounded or run to the end of a match that
// cannot fail any more. None begins with a run of word characters, which would be tried again from every position.
const NAME = '(?:api[_-]?key|access[_-]?key|token|secret|password|passwd)';
/** The last form is a quote inside a quoted string. */
const QUOTED = String.raw`'[^'\n]{0,2000}'?|"[^"\n]{0,2000}"?|\\{1,3}"[^"\n]{0,2000}"?`;
/** A shell glues `'a'\''b'` into one word. A value without quotes ends at one: that closes a string around the assignment. */
const WORD = String.raw`(?:(?:${QUOTED})(?:${QUOTED}|\\.|[^\s'"\\]+){0,16}|(?:[^\s'"\\]|\\.)+)`;
/** After a colon stands JSON, YAML or Python: there a comma or a bracket ends the value. */
const FIELD = String.raw`(?:\[[^\]\n]{0,2000}\]?|${QUOTED}|(?:[^\s'",;&)\]}\\]|\\[^\s'"])+)`;
const OPTION = `--[a-z0-9-]{0,40}${NAME}`;
const QUOTE = String.raw`\\{0,3}['"]`;

const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // `https://user:password@host`
  [/(:\/\/[^\s/:@'"\\]{0,100}:)[^\s/@'"\\]{1,200}@/g, `$1${MASK}@`],
  [/\b(Bearer|Basic)( {1,4})[A-Za-z0-9._~+/=-]{8,}/gi, `$1$2${MASK}`],
  // `--api-key value`, `--hf-token=value`, and as a list of words
  [new RegExp(`(${OPTION}(?:=| {1,4}))${WORD}`, 'gi'), `$1${MASK}`],
  [new RegExp(`(${OPTION}${QUOTE} {0,2}, {0,2}${QUOTE})[^'"\\\\\n]{1,2000}`, 'gi'), `$1${MASK}`],
  // `HF_TOKEN=value`
  [new RegExp(`((?:_|\\b)${NAME}(?:=| = ))${WORD}`, 'gi'), `$1${MASK}`],
  // `api_key: value`, `'api_key': ['value']`: vLLM prints the last one in "non-default args".
  [new RegExp(`((?:_|\\b)${NAME})(${QUOTE}|)( {0,2}: {0,2})${FIELD}`, 'gi'), `$1$2$3$2${MASK}$2`],
  // Names of vLLM and of Hugging Face's libraries begin like its tokens do.
  [/(hf_)(?!(?:overrides|transfer|tokenizer|processor|quantizer|generation|pipeline|download)\b)[A-Za-z0-9]{8,}/g, `$1${MASK}`],
  [/(nvapi-)[A-Za-z0-9_-]{8,}/g, `$1${MASK}`],
  [/(?<![A-Za-z0-9])(sk-|gh[pousr]_|github_pat_|glpat-)[A-Za-z0-9_-]{8,}/g, `$1${MASK}`],
  // A JSON web token.
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, MASK],
];

/**
 * Replaces what looks like a secret by `***`: tokens of known make (`hf_`, `nvapi-`, `sk-`, GitHub, GitLab, JWT), `Bearer`
 * and `Basic` credentials, values of variables, options and fields named like one, and passwords in URLs. Takes time linear
 * in the length of `text`, which may be any output of any process. Mask strings before they are written as JSON: inside
 * JSON the secrets go as well, but where quotes are odd the result may not parse.
 */
export function maskSecrets(text: string): string {
  return RULES.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text);
}

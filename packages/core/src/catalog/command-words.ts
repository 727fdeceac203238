/**
 * One word of a command line. `expansions` are the parts that a shell would have replaced (`$NAME`, `$(...)`, backticks); they stand in
 * `text` as they were written, since nothing is ever expanded or run here.
 */
export type Word = Readonly<{ text: string; expansions: readonly string[] }>;

/** Words up to `;`, `&&`, `|`, a line end or the like. `isPiped`: it reads what the one before it writes. */
export type Statement = Readonly<{ words: readonly Word[]; redirections: readonly string[]; isPiped: boolean }>;

export type CommandText = Readonly<{ statements: readonly Statement[] }> | Readonly<{ problem: string }>;

/** Splits a command line as a POSIX shell does: quotes, escapes, continued lines, comments, operators and redirections. */
export function splitCommand(text: string): CommandText {
  const reader = new Reader(text.replaceAll('\r\n', '\n').replace(/^\ufeff/, ''));
  try {
    return { statements: reader.statements() };
  } catch (error) {
    if (error instanceof Unclosed) return { problem: error.message };
    throw error;
  }
}

class Unclosed extends Error {}

type Draft = { text: string; expansions: string[]; hasWord: boolean };

const BLANK = /[ \t]/;
const ENDS_WORD = /[ \t\n;&|()<>]/;
/** People paste a backslash with blanks behind it; what a shell would make of that nobody wants. */
const CONTINUED = /\\[ \t]*\n/y;
const REDIRECTION = /(?:\d*|&)(?:<<?-?|>>?|<>|>\|)(?:&\d*-?)?/y;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  e: '\u001b',
  f: '\f',
  v: '\v',
  '0': '\0',
};

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  statements(): readonly Statement[] {
    const statements: Statement[] = [];
    let isPiped = false;
    while (this.#at < this.#text.length) {
      const statement = this.#statement(isPiped);
      if (statement.words.length > 0) statements.push(statement);
      isPiped = this.#operator() === '|';
    }
    return statements;
  }

  #statement(isPiped: boolean): Statement {
    const words: Word[] = [];
    const redirections: string[] = [];
    for (;;) {
      this.#skipBlanks();
      const redirection = this.#take(REDIRECTION);
      if (redirection !== null) {
        this.#skipBlanks();
        const target = redirection.includes('&') && redirection !== '&>' && redirection !== '&>>' ? null : this.#word();
        redirections.push(`${redirection}${target?.text ?? ''}`);
        continue;
      }
      const word = this.#word();
      if (word === null) return { words, redirections, isPiped };
      words.push(word);
    }
  }

  /** Passes what stands between two statements. */
  #operator(): string {
    const operator = /(?:&&|\|\||;;|[;&|()\n])/y;
    return this.#take(operator) ?? '';
  }

  #skipBlanks(): void {
    for (;;) {
      if (this.#take(CONTINUED) !== null) continue;
      const character = this.#text[this.#at] ?? '';
      if (BLANK.test(character)) this.#at += 1;
      else if (character === '#') this.#take(/[^\n]*/y);
      else return;
    }
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found === '' ? null : found;
  }

  #word(): Word | null {
    const draft: Draft = { text: '', expansions: [], hasWord: false };
    while (this.#at < this.#text.length) {
      if (this.#take(CONTINUED) !== null) continue;
      const character = this.#text[this.#at] ?? '';
      if (ENDS_WORD.test(character)) break;
      draft.hasWord = true;
      this.#part(draft, character);
    }
    return draft.hasWord ? { text: draft.text, expansions: draft.expansions } : null;
  }

  #part(draft: Draft, character: string): void {
    if (character === "'") draft.text += this.#until("'", 1);
    else if (character === '"') this.#doubleQuoted(draft);
    else if (character === '$' || character === '`') this.#expansion(draft, true);
    else if (character === '\\') {
      draft.text += this.#text[this.#at + 1] ?? '\\';
      this.#at += 2;
    } else {
      draft.text += character;
      this.#at += 1;
    }
  }

  /** What stands between here, `skip` characters on, and a closing mark that nothing escapes; passes the mark. */
  #until(mark: string, skip: number): string {
    const from = this.#at + skip;
    const end = this.#text.indexOf(mark, from);
    if (end === -1) throw new Unclosed(`A ${mark} is opened and not closed.`);
    this.#at = end + 1;
    return this.#text.slice(from, end);
  }

  #doubleQuoted(draft: Draft): void {
    this.#at += 1;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new Unclosed('A " is opened and not closed.');
      if (character === '"') break;
      if (character === '$' || character === '`') this.#expansion(draft, false);
      else if (character === '\\') this.#escapedInQuotes(draft);
      else {
        draft.text += character;
        this.#at += 1;
      }
    }
    this.#at += 1;
  }

  #escapedInQuotes(draft: Draft): void {
    const next = this.#text[this.#at + 1] ?? '';
    if (next !== '\n') draft.text += '$`"\\'.includes(next) ? next : `\\${next}`;
    this.#at += 2;
  }

  #expansion(draft: Draft, isBare: boolean): void {
    const rest = this.#text.slice(this.#at, this.#at + 2);
    if (isBare && rest === "$'") this.#ansiC(draft);
    else if (isBare && rest === '$"') {
      this.#at += 1;
      this.#doubleQuoted(draft);
    } else this.#replaced(draft, rest);
  }

  #replaced(draft: Draft, rest: string): void {
    const from = this.#at;
    if (rest.startsWith('`')) this.#until('`', 1);
    else if (rest === '$(') this.#nested('(', ')');
    else if (rest === '${') this.#nested('{', '}');
    else if (this.#take(/\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9?$!#@*-])/y) === null) {
      draft.text += '$';
      this.#at += 1;
      return;
    }
    const written = this.#text.slice(from, this.#at);
    draft.text += written;
    draft.expansions.push(written);
  }

  #nested(open: string, close: string): void {
    let depth = 0;
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === '\\') this.#at += 1;
      else if (character === open) depth += 1;
      else if (character === close) depth -= 1;
      if (depth === 0) {
        this.#at += 1;
        return;
      }
    }
    throw new Unclosed(`A $${open} is opened and not closed.`);
  }

  #ansiC(draft: Draft): void {
    for (this.#at += 2; this.#text[this.#at] !== "'"; ) {
      const escaped = this.#take(/(?:\\x[0-9A-Fa-f]{1,2})+|\\(?:u[0-9A-Fa-f]{1,4}|[\s\S])/y);
      const character = escaped ?? this.#text[this.#at];
      if (character === undefined) throw new Unclosed("A $' is opened and not closed.");
      if (escaped === null) this.#at += 1;
      draft.text += escaped === null ? character : unescaped(escaped);
    }
    this.#at += 1;
  }
}

function unescaped(escaped: string): string {
  if (/^\\x./.test(escaped)) return textOfBytes(escaped.slice(2).split('\\x'));
  const code = /^\\u(.+)$/.exec(escaped)?.[1];
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  const character = escaped.slice(1);
  return ESCAPES[character] ?? character;
}

/** Bytes in hex, which are UTF-8 when they are text. */
function textOfBytes(bytes: readonly string[]): string {
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.padStart(2, '0')}`).join(''));
  } catch {
    return String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16)));
  }
}

/** The variable that a value consists of, as in `$NAME` or `${NAME}`; `null`: it is something else. */
export const soleVariable = (text: string): string | null =>
  /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/.exec(text)?.slice(1).find(Boolean) ?? null;

const ESCAPE = 0x1b;
const BELL = 0x07;
const C1_CSI = 0x9b;

const isControl = (code: number): boolean => code < 0x20 || (code >= 0x7f && code <= 0x9f);

/**
 * Takes terminal escape sequences and control characters out of `text`; a tab becomes a blank. One pass with no step
 * back, because the text comes from a process that nobody here controls.
 */
export function plainText(text: string): string {
  let start = 0;
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (!isControl(code)) {
      at += 1;
      continue;
    }
    plain += text.slice(start, at);
    if (code === 0x09) plain += ' ';
    at = code === ESCAPE ? afterEscape(text, at + 1) : code === C1_CSI ? afterCsi(text, at + 1) : at + 1;
    start = at;
  }
  return start === 0 ? text : plain + text.slice(start);
}

/** Position after the sequence whose ESC stands before `at`. What is no known sequence loses the ESC only. */
function afterEscape(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 0x5b) return afterCsi(text, at + 1);
  if (code === 0x5d) return afterOsc(text, at + 1);
  let end = at;
  while (inRange(text, end, 0x20, 0x2f)) end += 1;
  return inRange(text, end, 0x30, 0x7e) ? end + 1 : at;
}

function afterCsi(text: string, at: number): number {
  let end = at;
  while (inRange(text, end, 0x30, 0x3f)) end += 1;
  while (inRange(text, end, 0x20, 0x2f)) end += 1;
  return inRange(text, end, 0x40, 0x7e) ? end + 1 : end;
}

/** A title sequence without its end would hide the rest of the line: then only its introducer goes. */
function afterOsc(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isControl(text.charCodeAt(end))) end += 1;
  if (text.charCodeAt(end) === BELL) return end + 1;
  return text.charCodeAt(end) === ESCAPE && text.charAt(end + 1) === '\\' ? end + 2 : at;
}

function inRange(text: string, at: number, low: number, high: number): boolean {
  const code = text.charCodeAt(at);
  return code >= low && code <= high;
}

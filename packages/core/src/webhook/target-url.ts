/**
 * What stands against `url` as the target of a webhook by its looks alone, for people, to follow "The URL"; `null` when nothing
 * does. Where it leads is judged by the sender, at each try.
 */
export function urlFault(url: string): string | null {
  // The parser forgives blanks and backslashes and reads something else than the eye does: ask for a clean one instead.
  if (/[\s\\\p{Cc}]/u.test(url)) return 'holds blanks, control characters or backslashes';
  if (!/^https?:\/\/[^/?#]/i.test(url)) return 'has to be written in full, beginning with http:// or https://';
  const parsed = parse(url);
  if (parsed === null) return 'cannot be read as a URL';
  if (parsed.username !== '' || parsed.password !== '' || /^https?:\/\/[^/?#]*@/i.test(url)) {
    return 'holds a user or password, which everybody who may list webhooks would see';
  }
  return url.includes('#') ? 'has a part after #, which is never sent' : null;
}

/** Host and port, for people; path and query may hold a secret. */
export function hostOf(url: string): string {
  return parse(url)?.host ?? 'an unknown host';
}

function parse(url: string): URL | null {
  try {
    return new URL(url);
  } catch {
    return null;
  }
}

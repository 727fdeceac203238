/**
 * The address of a server without a slash at its end. A path is kept: the server may live below one of a proxy.
 *
 * @throws {TypeError} for what is no http(s) URL, or carries credentials, which would end up in logs and process lists.
 */
export function parseBaseUrl(text: string): string {
  if (!URL.canParse(text)) {
    const shown = text.includes('@') ? 'This' : `"${text}"`; // what stands before an @ may be a password
    throw new TypeError(`${shown} is no URL; one looks like http://127.0.0.1:9999`);
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new TypeError('The URL may not carry a user name or password.');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`The URL has to begin with http:// or https://, not ${url.protocol}`);
  if (url.search !== '' || url.hash !== '') throw new TypeError('The URL may have neither a query nor a fragment.');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

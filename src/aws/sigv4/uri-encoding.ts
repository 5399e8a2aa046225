/**
 * RFC 3986 percent-encoding as SigV4 wants it: everything but `A-Z a-z 0-9 - . _ ~`, upper-case hex.
 * Each character of `bytes` stands for one byte (latin1); `encodeURIComponent` knows other characters and throws on some.
 */
export function percentEncode(bytes: string): string {
  return bytes.replace(
    /[^A-Za-z0-9\-._~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** The same of text as people write it, by the bytes that it has in UTF-8. */
export function percentEncodeText(text: string): string {
  return percentEncode(Buffer.from(text, 'utf8').toString('latin1'));
}

/** The same of each segment of a path. Most need nothing of it. */
export function percentEncodePath(path: string): string {
  return /^[A-Za-z0-9\-._~/]*$/.test(path) ? path : path.split('/').map(percentEncodeText).join('/');
}

/** The bytes that `text` stands for, one character each; `undefined` if a `%` is not followed by two hex digits. A `+` is a plus. */
export function percentDecode(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

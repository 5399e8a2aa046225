export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export type Xml = string | number | boolean | readonly Xml[] | { readonly [name: string]: Xml | undefined };

export function xmlAnswer(name: string, content: Xml): S3Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, content)}`;
  return { status: 200, headers: { 'Content-Type': 'application/xml' }, body: Buffer.from(body) };
}

export function refusal(status: number, code: string): S3Answer {
  return { ...xmlAnswer('Error', { Code: code, Message: `${code}, says the store` }), status };
}

/** What is between the tags of this name, each time. */
export function contentsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^]*?)</${name}>`, 'g'))].map(([, content = '']) =>
    content.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&'),
  );
}

function element(name: string, content: Xml | undefined): string {
  if (content === undefined) return '';
  if (Array.isArray(content)) return content.map((each: Xml) => element(name, each)).join('');
  if (typeof content !== 'object') {
    const text = String(content).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
    return `<${name}>${text}</${name}>`;
  }
  return `<${name}>${Object.entries(content)
    .map(([inner, value]) => element(inner, value as Xml | undefined))
    .join('')}</${name}>`;
}

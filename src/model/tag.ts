/** A tag name. Case counts. Grammar of the OCI distribution specification; ECR allows up to 300 characters, docker clients 128. */
export type Tag = string & { readonly __brand: 'Tag' };

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}$/;

export function parseTag(text: string): Tag | undefined {
  return TAG.test(text) ? (text as Tag) : undefined;
}

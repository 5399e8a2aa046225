import { type Digest, parseDigest } from './digest.ts';
import { parseTag, type Tag } from './tag.ts';

/** What stands for an image in a path of the distribution protocol: a tag or a digest. */
export type Reference =
  | { readonly tag: Tag; readonly digest?: never }
  | { readonly digest: Digest; readonly tag?: never };

/** A colon can only be part of a digest, so the two forms never overlap. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest && { digest };
  }
  const tag = parseTag(text);
  return tag && { tag };
}

import { carried } from '../../../src/metadata/carried-tables.ts';
import type { Image } from '../../../src/metadata/image.ts';
import type { MetadataView } from '../../../src/metadata/metadata-store.ts';

/** The live image that a tag or a digest leads to. */
export async function findImage(
  { tags, images }: Pick<MetadataView, 'tags' | 'images'>,
  repositoryId: number,
  { tag, digest }: { readonly tag?: string; readonly digest?: string },
): Promise<Image | undefined> {
  const [tagged] = tag === undefined ? [] : await tags.resolve(repositoryId, [tag]);
  const named = digest ?? tagged?.image.digest;
  const [image] = named === undefined ? [] : await images.findAll(repositoryId, [named]);
  return image;
}

/** The manifests that are there, be their images live, deleted or purged, with their bytes, by id. */
export async function manifestsIn({ transfer }: Pick<MetadataView, 'transfer'>): Promise<Map<number, Buffer>> {
  const rows = await transfer.list(carried('manifest'), undefined, 99);
  return new Map(rows.map(({ id, bytes }) => [Number(id), Buffer.from(bytes as Uint8Array)]));
}

import { type Digest, parseDigest } from '../model/digest.ts';
import { Fault } from '../model/fault.ts';
import { isRegion, isRegistryId } from '../model/registry.ts';
import { parseRepositoryName, type RepositoryName } from '../model/repository-name.ts';
import type { LinkTarget } from '../policy/download-links.ts';
import type { Answer, Call } from './call.ts';
import { refuse } from './faults.ts';
import type { OciEdge } from './oci-edge.ts';
import { type ServesBlobs, serveBlob } from './serve-blob.ts';

export const LAYER_LINKS = '/_berth/layers/';

type Layer = LinkTarget & { readonly repositoryName: RepositoryName; readonly digest: Digest };

/** The path of a link to a layer, for GetDownloadUrlForLayer. `query` is what `DownloadLinks.sign` answers for it. */
export function layerLinkPath({ registry, repositoryName, digest }: LinkTarget, query: string): string {
  return `${LAYER_LINKS}${registry.id}/${registry.region}/${repositoryName}/${digest}?${query}`;
}

/**
 * The layer that a link leads to, for whoever has the link.
 *
 * @throws Fault `UnknownOperation`, `InvalidSignature`, `RepositoryNotFound`, `BlobUnknown`
 */
export async function downloadLayer(
  edge: ServesBlobs & Pick<OciEdge, 'links'>,
  call: Pick<Call, 'method' | 'headers' | 'query'> & { readonly path: string },
): Promise<Answer> {
  if (call.method !== 'GET' && call.method !== 'HEAD') {
    return refuse(new Fault('Unsupported', { reason: `This path takes GET, HEAD, not ${call.method}` }), {
      Allow: 'GET, HEAD',
    });
  }
  const layer = parseLayerPath(call.path);
  if (layer === undefined) throw new Fault('UnknownOperation', { reason: 'This is not a link to a layer' });
  if (!edge.links.admits(layer, call.query)) {
    throw new Fault('InvalidSignature', {
      reason: 'The link is not valid, or not any more: it can be used for one hour',
    });
  }
  return serveBlob(edge, layer, call);
}

function parseLayerPath(path: string): Layer | undefined {
  const [id = '', region = '', ...rest] = path.slice(LAYER_LINKS.length).split('/');
  const digest = parseDigest(rest.at(-1) ?? '');
  const repositoryName = parseRepositoryName(rest.slice(0, -1).join('/'));
  if (!isRegistryId(id) || !isRegion(region) || digest === undefined || repositoryName === undefined) return undefined;
  return { registry: { id, region }, repositoryName, digest };
}

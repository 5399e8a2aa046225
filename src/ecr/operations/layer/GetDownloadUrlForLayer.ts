import { Fault } from '../../../model/fault.ts';
import { LINK_LIFETIME } from '../../../policy/download-links.ts';
import { findBlob } from '../../../registry/layer/find-blobs.ts';
import { linkBlob } from '../../../registry/layer/link-blob.ts';
import { namesOf } from '../../../registry/repository/repository-path.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { GetDownloadUrlForLayerRequest } from '../../shapes/layer.ts';

type Needs = Pick<EcrPorts, 'metadata' | 'blobs' | 'clock' | 'retention' | 'links' | 'layerLinkPath' | 'blobRedirects'>;

/**
 * The link is good for an hour and needs no credentials. Only layers of images can be had. A link to the store itself is good
 * for no longer than the layer is sure to be there.
 */
export const GetDownloadUrlForLayer = (ports: Needs): Operation<'GetDownloadUrlForLayer'> => ({
  input: GetDownloadUrlForLayerRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const { layerDigest } = input;
    const { links, layerLinkPath, blobRedirects } = ports;
    const found = await findBlob(ports, path, layerDigest);
    if (!found) throw new Fault('LayerNotFound', { ...namesOf(path), layerDigest });
    if (!found.referenced) throw new Fault('LayerInaccessible', { ...namesOf(path), layerDigest });
    const direct = blobRedirects ? await linkBlob(ports, found, LINK_LIFETIME) : undefined;
    if (direct !== undefined) return { downloadUrl: direct, layerDigest };
    const target = { ...path, digest: layerDigest };
    const downloadUrl = `${call.origin}${layerLinkPath(target, links.sign(target))}`;
    return { downloadUrl, layerDigest };
  },
});

import { Fault } from '../../../model/fault.ts';
import { findBlob } from '../../../registry/layer/find-blobs.ts';
import { namesOf } from '../../../registry/repository/repository-path.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { GetDownloadUrlForLayerRequest } from '../../shapes/layer.ts';

/** The link is good for an hour and needs no credentials. Only layers of images can be had. */
export const GetDownloadUrlForLayer = ({
  metadata,
  links,
  layerLinkPath,
}: Pick<EcrPorts, 'metadata' | 'links' | 'layerLinkPath'>): Operation<'GetDownloadUrlForLayer'> => ({
  input: GetDownloadUrlForLayerRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const { layerDigest } = input;
    const found = await findBlob({ metadata }, path, layerDigest);
    if (!found) throw new Fault('LayerNotFound', { ...namesOf(path), layerDigest });
    if (!found.referenced) throw new Fault('LayerInaccessible', { ...namesOf(path), layerDigest });
    const target = { ...path, digest: layerDigest };
    const downloadUrl = `${call.origin}${layerLinkPath(target, links.sign(target))}`;
    return { downloadUrl, layerDigest };
  },
});

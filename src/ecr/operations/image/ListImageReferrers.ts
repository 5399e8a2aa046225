import { hasDigestSyntax } from '../../../model/digest.ts';
import { Fault } from '../../../model/fault.ts';
import { listReferrers } from '../../../registry/image/list-referrers.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { wantsActive } from '../../paging.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { ListImageReferrersRequest } from '../../shapes/image-list.ts';

const DEFAULT_PAGE = 20;

export const ListImageReferrers = (
  ports: Pick<EcrPorts, 'metadata' | 'pageTokens'>,
): Operation<'ListImageReferrers'> => ({
  input: ListImageReferrersRequest,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const subject = input.subjectId.imageDigest;
    if (!hasDigestSyntax(subject)) {
      throw new Fault('InvalidParameter', {
        parameter: 'subjectId.imageDigest',
        constraint: "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
      });
    }
    const artifactTypes = input.filter?.artifactTypes ?? [];
    const active = wantsActive(input.filter?.artifactStatus);
    const { registry, repositoryName } = path;
    const listing = [
      'ListImageReferrers',
      registry.id,
      registry.region,
      repositoryName,
      subject,
      artifactTypes,
      active,
    ];
    const after = ports.pageTokens.open<string>(listing, input.nextToken);
    const limit = input.maxResults ?? DEFAULT_PAGE;
    const { items, next } = await listReferrers(ports, path, subject, { artifactTypes, after, limit });
    if (!active) return { referrers: [] };
    return {
      referrers: items.map((referrer) => ({ ...referrer, artifactStatus: 'ACTIVE' as const })),
      nextToken: ports.pageTokens.seal(listing, next),
    };
  },
});

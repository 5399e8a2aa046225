import { getRepositories, listRepositories } from '../../../registry/repository/list-repositories.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation } from '../../operation.ts';
import { refusePaging } from '../../paging.ts';
import { describeRepository } from '../../repository-output.ts';
import { registryOf } from '../../repository-path.ts';
import { DescribeRepositoriesRequest } from '../../shapes/repository.ts';

const DEFAULT_PAGE = 100;

export const DescribeRepositories = (
  ports: Pick<EcrPorts, 'metadata' | 'pageTokens'>,
): Operation<'DescribeRepositories'> => ({
  input: DescribeRepositoriesRequest,
  resource: () => '*',
  run: async (input, call) => {
    const registry = registryOf(input, call);
    if (input.repositoryNames) {
      refusePaging(input, 'repositoryNames');
      const repositories = await getRepositories(ports, registry, input.repositoryNames);
      return { repositories: repositories.map((repository) => describeRepository(repository, call)) };
    }
    const listing = ['DescribeRepositories', registry.id, registry.region];
    const { items, next } = await listRepositories(ports, registry, {
      after: ports.pageTokens.open<string>(listing, input.nextToken),
      limit: input.maxResults ?? DEFAULT_PAGE,
    });
    return {
      repositories: items.map((repository) => describeRepository(repository, call)),
      nextToken: ports.pageTokens.seal(listing, next),
    };
  },
});

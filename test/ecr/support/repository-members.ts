import { describe, expect, it } from 'vitest';
import { ACCOUNT } from './ecr-server.ts';
import { NAME_PATTERN, REGISTRY_ID_PATTERN, refusalOf, repositoryNotFound, violation } from './refusals.ts';

export interface RepositoryMembers {
  readonly repositoryName: string;
  readonly registryId?: string;
}

const LONGEST = 256;

const REFUSED_NAMES: readonly (readonly [name: string, constraint: string])[] = [
  ['', 'must have length greater than or equal to 2'],
  ['a', 'must have length greater than or equal to 2'],
  ['a'.repeat(LONGEST + 1), `must have length less than or equal to ${LONGEST}`],
  ['A'.repeat(LONGEST + 1), `must have length less than or equal to ${LONGEST}`],
  ['Ubuntu', NAME_PATTERN],
  ['ubuntu/', NAME_PATTERN],
  ['/ubuntu', NAME_PATTERN],
  ['a//b', NAME_PATTERN],
  ['a..b', NAME_PATTERN],
  ['../etc', NAME_PATTERN],
  ['a___b', NAME_PATTERN],
  ['-a', NAME_PATTERN],
  ['a b', NAME_PATTERN],
  ['a\n', NAME_PATTERN],
  ["a'--", NAME_PATTERN],
];

const ACCEPTED_NAMES = ['aa', '0a', 'a'.repeat(LONGEST), 'a.b_c__d-e---f/g/h'];

const REFUSED_IDS = ['', '12345678901', '1234567890123', '12345678901a', 'localhost'];

/** The two members that name a repository, at both sides of each edge, through an operation that needs the repository. */
export function describeRepositoryMembers(send: (members: RepositoryMembers) => Promise<unknown>): void {
  describe('the members that name the repository', () => {
    it.each(REFUSED_NAMES)('refuses the repositoryName %j', async (repositoryName, constraint) => {
      expect(await refusalOf(send({ repositoryName }))).toEqual(violation('repositoryName', constraint));
    });

    it.each(ACCEPTED_NAMES)('looks for the repositoryName %j', async (repositoryName) => {
      expect(await refusalOf(send({ repositoryName }))).toEqual(repositoryNotFound(repositoryName));
    });

    it.each(REFUSED_IDS)('refuses the registryId %j', async (registryId) => {
      const refusal = await refusalOf(send({ repositoryName: 'nowhere', registryId }));
      expect(refusal).toEqual(violation('registryId', REGISTRY_ID_PATTERN));
    });

    it('looks in the registry that registryId names', async () => {
      const named = refusalOf(send({ repositoryName: 'nowhere', registryId: '111111111111' }));
      expect(await named).toEqual(repositoryNotFound('nowhere', '111111111111'));
      const own = refusalOf(send({ repositoryName: 'nowhere', registryId: ACCOUNT }));
      expect(await own).toEqual(repositoryNotFound('nowhere'));
    });

    it('cannot do without a repositoryName', async () => {
      const nameless = send({ repositoryName: undefined } as unknown as RepositoryMembers);
      expect(await refusalOf(nameless)).toEqual(violation('repositoryName', 'Member must not be null'));
    });
  });
}

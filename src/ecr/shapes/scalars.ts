import { integer, string } from '../../aws/shapes/declare.ts';
import { REPOSITORY_NAME_PATTERN } from '../../model/repository-name.ts';

export const RegistryId = string({ pattern: { printed: '[0-9]{12}', expression: /^[0-9]{12}$/ } });

/** ECR accepts more names today than the pattern it prints (fidelity facts, section 2.5). */
export const RepositoryName = string({
  min: 2,
  max: 256,
  pattern: {
    printed: '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*',
    expression: REPOSITORY_NAME_PATTERN,
  },
  wording: 'service',
});

export const NextToken = string();
export const MaxResults = integer({ min: 1, max: 1000 });
export const FiftyMaxResults = integer({ min: 1, max: 50 });

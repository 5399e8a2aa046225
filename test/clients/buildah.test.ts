import { CONTAINERS_OPTIONS, CONTAINERS_STEPS } from './support/containers-tools.ts';
import { describeClient } from './support/describe-client.ts';

describeClient(
  'buildah',
  { ...CONTAINERS_STEPS, list: { lacks: 'it has no command for that; `skopeo list-tags` lists.' } },
  CONTAINERS_OPTIONS,
);

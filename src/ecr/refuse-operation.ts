import { Fault } from '../model/fault.ts';
import { isUnserved } from './unserved.ts';

interface Serving {
  readonly version: string;
  readonly served: readonly string[];
}

const MAX_NAME_LENGTH = 100;

/** Answers a target that no operation of ours serves: a real one of Amazon ECR is told apart from a name that is none. */
export function refuseOperation(name: string, { version, served }: Serving): Fault<'UnknownOperation'> {
  const what = isUnserved(name)
    ? `${name} is an operation of Amazon ECR that Berth ${version} does not serve yet`
    : `${JSON.stringify(name.slice(0, MAX_NAME_LENGTH))} is not an operation of Amazon ECR`;
  const list = served.toSorted().join(', ');
  return new Fault('UnknownOperation', { reason: `${what}. Berth ${version} serves ${list}.` });
}

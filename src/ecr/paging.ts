import { Fault } from '../model/fault.ts';

interface PagedInput {
  readonly nextToken?: string | undefined;
  readonly maxResults?: number | undefined;
}

/**
 * Paging goes with listing everything, not with naming things (fidelity facts, section 4.1).
 *
 * @throws Fault `InvalidParameter`
 */
export function refusePaging(input: PagedInput, names: string): void {
  const parameter =
    input.nextToken !== undefined ? 'nextToken' : input.maxResults !== undefined ? 'maxResults' : undefined;
  if (parameter !== undefined) {
    throw new Fault('InvalidParameter', { parameter, constraint: `Cannot be used together with '${names}'` });
  }
}

/** Whether a filter's `tagStatus` asks for tagged images only, untagged only, or either. */
export function wantsTagged(filter: { readonly tagStatus?: string | undefined } | undefined): boolean | undefined {
  if (filter?.tagStatus === 'TAGGED') return true;
  return filter?.tagStatus === 'UNTAGGED' ? false : undefined;
}

/** Whether a filter's status lets images through that are neither archived nor on their way back: all that Berth has. */
export function wantsActive(status: string | undefined): boolean {
  return status === undefined || status === 'ACTIVE' || status === 'ANY';
}

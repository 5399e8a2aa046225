import { Fault } from '../../model/fault.ts';
import { constraintsOf, nestedSentence } from './constraints.ts';
import { ownMember } from './own-member.ts';
import { elementPath, memberPath } from './path.ts';
import type { ListShape, ScalarShape, Shape, StructureShape } from './shape.ts';

const NOT_NULL = 'Member must not be null';

/**
 * Holds a value that `readValue` made against its shape's constraints. Missing members are named first, then members in the
 * order of declaration; what is long is refused for its length before anything looks at what it says.
 *
 * @throws Fault InvalidParameter for the first violation
 */
export function checkValue(shape: Shape, value: unknown, path: string): void {
  for (const constraint of constraintsOf(shape)) {
    if (!constraint.holds(value)) throw violation(path, constraint.sentence);
  }
  if (shape.kind === 'structure') checkMembers(shape, value as object, path);
  if (shape.kind === 'list') checkElements(shape, value as readonly unknown[], path);
}

function checkMembers(shape: StructureShape, structure: object, path: string): void {
  for (const { name, required } of shape.members) {
    if (required && ownMember(structure, name) === undefined) throw violation(memberPath(path, name), NOT_NULL);
  }
  for (const { name, shape: member } of shape.members) {
    const value = ownMember(structure, name);
    if (value !== undefined) checkValue(member, value, memberPath(path, name));
  }
}

/** A scalar in a list is refused at the list, a structure in a list where it stands. */
function checkElements(shape: ListShape, items: readonly unknown[], path: string): void {
  const { member } = shape;
  const missing = items.indexOf(null);
  if (missing >= 0) throw violation(elementPath(path, missing), NOT_NULL);
  if (isScalar(member)) {
    const constraints = constraintsOf(member);
    const allHold = items.every((item) => constraints.every((constraint) => constraint.holds(item)));
    if (!allHold) throw violation(path, nestedSentence(member));
  } else {
    for (const [index, item] of items.entries()) checkValue(member, item, elementPath(path, index));
  }
}

function isScalar(shape: Shape): shape is ScalarShape {
  return shape.kind !== 'list' && shape.kind !== 'structure';
}

function violation(parameter: string, constraint: string): Fault<'InvalidParameter'> {
  return new Fault('InvalidParameter', { parameter, constraint });
}

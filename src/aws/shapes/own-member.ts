/** A member of the object itself: a name such as `constructor` never reaches its prototype. */
export function ownMember(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? Reflect.get(object, name) : undefined;
}

import { AppError } from '@ringdown/core';
import { isCallCommandModule, isKnownModule, callCommandModules, otherModules } from '../schemas/modules';
import { faultPath, throwFaults, type Faults, type SchemaCatalogue } from '../schemas/schema-catalogue';
import { boundFlow } from './bound-flow';
import type { FlowDraft } from './draft-flow';
import { commandOf, ignoredMembers, requireMembers } from './module-command';
import type { ParsedFlow } from './parsed-flow';

type JsonObject = Readonly<Record<string, unknown>>;

/** A node that has passed the schema `metaflow`. */
interface Node {
  readonly module: string;
  readonly data: JsonObject;
  readonly children?: Readonly<Record<string, Node>>;
}

/**
 * Reads a metaflow: checked against the schemas that are served, defaults applied. Errors: `validation_failed` with every
 * fault at its path, `not_implemented` naming the modules that no switch of ours can do.
 */
export class MetaflowParser {
  constructor(private readonly schemas: SchemaCatalogue) {}

  parse(value: unknown): ParsedFlow {
    boundFlow(value);
    const node: unknown = structuredClone(value);
    const faults: Faults = {};
    this.schemas.complete('metaflow', node, [], faults);
    throwFaults(faults);

    const walk = new Walk(this.schemas);
    const flow = walk.visit(node as Node, value as JsonObject, []);
    throwFaults(walk.faults);
    if (walk.notImplemented.size > 0) throw notImplemented([...walk.notImplemented]);
    const given = new Set(Object.keys(membersOf((value as JsonObject)['data'])));
    return { flow: flow!, ignored: walk.ignored, given, placeOf: (member) => faultPath(['data', member]) };
  }
}

/** One pass over a flow, collecting all that is wrong before anything is refused. */
class Walk {
  readonly faults: Faults = {};
  readonly notImplemented = new Set<string>();
  readonly ignored: string[] = [];

  constructor(private readonly schemas: SchemaCatalogue) {}

  /** Undefined when the node cannot become a command; why is in {@link faults} or {@link notImplemented}. */
  visit(node: Node, given: JsonObject, path: readonly string[]): FlowDraft | undefined {
    const command = this.command(node, membersOf(given['data']), path);
    const children: [string, FlowDraft][] = [];
    for (const [digit, child] of Object.entries(node.children ?? {})) {
      const givenChild = membersOf(membersOf(given['children'])[digit]);
      const next = this.visit(child, givenChild, [...path, 'children', digit]);
      if (next !== undefined) children.push([digit, next]);
    }
    if (command === undefined) return undefined;
    return children.length === 0 ? { command } : { command, children: Object.fromEntries(children) };
  }

  private command(
    { module, data }: Node,
    given: JsonObject,
    path: readonly string[],
  ): FlowDraft['command'] | undefined {
    if (!isKnownModule(module)) {
      const target = [...callCommandModules, ...otherModules].sort();
      this.faults[faultPath([...path, 'module'])] = { enum: { message: 'there is no such module', target } };
      return undefined;
    }
    const place = [...path, 'data'];
    const before = Object.keys(this.faults).length;
    this.schemas.complete(`metaflows.${module}`, data, place, this.faults);
    if (Object.keys(this.faults).length > before) return undefined;
    if (!isCallCommandModule(module)) {
      this.notImplemented.add(module);
      return undefined;
    }
    if (module === 'callflow' && data['id'] === undefined && data['flow'] !== undefined) {
      this.notImplemented.add('callflow with an inline flow');
      return undefined;
    }
    requireMembers(module, data, place, this.faults);
    this.ignored.push(...ignoredMembers(module, given, place));
    return commandOf(module, data, place);
  }
}

function notImplemented(modules: readonly string[]): AppError {
  const names = modules.join(', ');
  return new AppError('not_implemented', `metaflow module ${names} is not implemented`, {
    details: { modules },
  });
}

function membersOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

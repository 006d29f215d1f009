import { SEQUENCE_MAX_DIGITS } from '../../../contracts/envelope';
import type { KnownColumn } from '../../../profiles/fhir/known-columns';
import { type CompiledView, compileView, type View, type ViewRow } from '../../../profiles/fhir/view';
import type { FileRule } from '../../../profiles/rules';
import type { Profile } from '../../../profiles/schema';
import type { Received } from '../../records/conform';
import { viewCell } from '../cells';
import type { FileFacts, Row } from '../making';
import { EntityPlan, type MappedEntity, type Member, receivedAt, type RowMapper, type RowViolation } from '../mapper';
import { FileTime, textOfTime } from '../row-time';
import { writeReferences } from './references';
import { foreignElement } from './releases';
import type { FhirRow } from './resource';

/** A view with the entities that its rows feed. */
interface FedView {
  pointer: string;
  view: CompiledView;
  plans: EntityPlan[];
}

const DIGITS = new RegExp(`^\\d{1,${SEQUENCE_MAX_DIGITS}}$`);

/** A FHIR profile compiled for one file: a resource becomes rows of the views of its type, and those feed entities. */
export class FhirMapper implements RowMapper {
  readonly notes = new Set<FileRule>();
  private readonly byType = new Map<string, FedView[]>();
  private readonly time: FileTime;

  constructor(
    readonly profile: Profile,
    private readonly facts: FileFacts,
  ) {
    this.time = new FileTime(profile, facts, viewCell);
    const views = new Map<string, FedView>();
    profile.entities.forEach((entity, i) => {
      const name = entity.view!;
      let fed = views.get(name);
      if (!fed) {
        const view = compileView(profile.views![name] as unknown as View);
        views.set(name, (fed = { pointer: `profile:/views/${name}`, view, plans: [] }));
        this.byType.set(view.resource, [...(this.byType.get(view.resource) ?? []), fed]);
      }
      fed.plans.push(new EntityPlan(profile, entity, i, { ...facts, notes: this.notes }, viewCell, this.time));
    });
  }

  unmapped(row: Row): string | undefined {
    const type = String((row as FhirRow).resource.resourceType);
    return this.byType.has(type) ? undefined : type;
  }

  /** The resource as one member, by the views without a list, and each row of the others as one. */
  members(row: Row, violations: RowViolation[]): Member[] {
    const found = row as FhirRow;
    const { resource, isDeleted } = found;
    const foreign = foreignElement(resource);
    if (foreign !== null) {
      violations.push({ rule: 'FIL-FHR-04', pointer: foreign });
      return [];
    }
    const dangles = writeReferences(resource, found.neighbours);
    const known = this.knownOf(found);
    const own: Member = { mapped: [] };
    const elements: Member[] = [];
    for (const fed of this.byType.get(String(resource.resourceType)) ?? [])
      rowsOf(fed, found, violations).forEach((viewRow, i) => {
        const full = { ...viewRow, ...known, _element_number: fed.view.isList ? i + 1 : undefined };
        const mapped = isDeleted
          ? deletesOf(fed, full)
          : fed.plans.filter((p) => p.feeds(full)).map((p) => p.map(full));
        if (dangles) for (const one of mapped) one.flags.push('FIL-FHR-07');
        if (!fed.view.isList) own.mapped.push(...mapped);
        else if (mapped.length > 0) elements.push({ place: elements.length, mapped });
      });
    return [...(own.mapped.length > 0 ? [own] : []), ...elements];
  }

  received(row: Row, number: number, violations: RowViolation[]): Received {
    return receivedAt(this.time, this.facts, row, number, violations);
  }

  unknownMember(): null {
    return null;
  }

  /** The columns that a row has besides those of its view. */
  private knownOf({ resource, timestamp }: FhirRow): Record<Exclude<KnownColumn, '_element_number'>, unknown> {
    const { lastUpdated, versionId } = (resource.meta ?? {}) as { lastUpdated?: unknown; versionId?: unknown };
    // Records of a stream have one each.
    const fileTime = textOfTime(this.time.of([]));
    return {
      _resource_type: resource.resourceType,
      _resource_id: resource.id,
      _last_updated: lastUpdated,
      _version_id: versionId,
      _version_number: typeof versionId === 'string' && DIGITS.test(versionId) ? versionId : undefined,
      _bundle_timestamp: timestamp,
      _file_time: typeof fileTime === 'string' ? fileTime : undefined,
    };
  }
}

/** Deletes of what a resource is. What it only mentions, such as a code, does not go with it: no key can be made of it. */
function deletesOf({ plans }: FedView, row: ViewRow): MappedEntity[] {
  const mapped = plans.map((plan) => plan.map(row));
  for (const one of mapped) one.envelope.op = 'delete';
  return mapped.filter(({ plan, envelope }) => plan.naturalKey(envelope) !== null);
}

/** Rows of a view; of what is deleted the key alone is known, so that no condition is asked, and no list has an element. */
function rowsOf({ view, pointer }: FedView, { resource, isDeleted }: FhirRow, violations: RowViolation[]): ViewRow[] {
  try {
    if (!isDeleted) return view.rows(resource);
    const { resourceType, id } = resource;
    return view.isList ? [] : view.rowsOfDeleted({ resourceType, id });
  } catch {
    // What is thrown may quote the resource.
    violations.push({ rule: 'FIL-FHR-06', pointer });
    return [];
  }
}

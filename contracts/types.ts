import type { EntityName } from './entities/names';
import type { RuleId } from './rules';

export type { EntityName };

/**
 * Types of a payload field.
 * - string: UTF-8 text of at most `maxBytes` bytes
 * - code: one of `values`
 * - date: local calendar date `YYYY-MM-DD`
 * - ts: ISO-8601 instant with offset, kept as UTC microseconds
 * - int: whole number within `min`..`max`
 * - digits: exactly `length` decimal digits, kept as text (leading zeros matter)
 * - npi: National Provider Identifier, ten digits with check digit, kept as text
 * - decimal: exact number with `precision` and `scale`; in JSON a number or its text
 * - bool, double: as in JSON
 * - zone: name of a zone in the IANA time zone database, of the release that `contracts/zones.json` pins
 */
export type FieldType =
  'string' | 'code' | 'date' | 'ts' | 'int' | 'digits' | 'npi' | 'decimal' | 'bool' | 'double' | 'zone';

/**
 * How near a value is to a person (45 CFR 164.514): `direct_id` names one, `quasi_id` helps to find one,
 * `sensitive` tells something about one, `none` is free of persons.
 */
export type PhiClass = 'direct_id' | 'quasi_id' | 'sensitive' | 'none';

/** One member of an entity's payload. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly required?: boolean;
  /** Contract version in which the member was appended; 1 if not given. Members are only appended, and never required then. */
  readonly since?: number;
  /** Greatest length in UTF-8 bytes (string, code); also the width of the warehouse column. */
  readonly maxBytes?: number;
  /** Exact number of digits (digits). */
  readonly length?: number;
  readonly precision?: number;
  readonly scale?: number;
  /** Closed set of values (code). */
  readonly values?: readonly string[];
  /** Least and greatest value (int, double), both allowed. */
  readonly min?: number;
  readonly max?: number;
  /** Least date allowed (date), `YYYY-MM-DD`. */
  readonly minDate?: string;
  /** Value that an absent member stands for (code). */
  readonly default?: string;
  /** Rule that a value below the least breaks, where the domain has its own id. */
  readonly minRule?: RuleId;
  /** Rule that a value outside `values` breaks, where the domain has its own id. */
  readonly valuesRule?: RuleId;
  readonly phi: PhiClass;
  readonly doc: string;
  /** Member that says in which code system the value is a code: it is kept in the notation of that system. */
  readonly system?: string;
  /** A good value, as JSON carries it; the examples of all members together make a good payload. */
  readonly example?: string | number | boolean;
}

/** A column that holds the durable key of another entity, computed from a payload field. */
export interface Reference {
  readonly column: string;
  readonly field: string;
  /** The member that says in which system the value of `field` is a code, where the named entity is known by system and code. */
  readonly system?: string;
  /** The member stays a column of the fact too, as the source wrote it. */
  readonly isShown?: boolean;
  /** Where this member is given, `field` names nobody. */
  readonly unless?: string;
  /** The member that names it where `field` is absent, by the other key of the named entity. */
  readonly orElse?: string;
  /**
   * The member that names it, where neither does, by another identifier that it has in the same source, as `system|value`. Who holds that
   * identifier is looked up when facts are loaded, in any order of arrival.
   */
  readonly identifier?: string;
  readonly entity: EntityName;
  /** What the member is to the fact, where a fact names two of one entity; the entity's name if not given. */
  readonly role?: string;
  /** Rule that flags a reference to a member that nobody has described (yet); set in the warehouse. */
  readonly rule: RuleId;
}

/**
 * A fact that this fact belongs to, named by an identifier of the same source: a diagnosis made in an encounter. A fact never stands in
 * for another one that nobody has reported: the key is kept, and `known` says whether that fact is there.
 */
export interface Relation {
  readonly column: string;
  readonly field: string;
  readonly entity: EntityName;
  /** Column that is 1 where the named fact is there, else 0; set after the facts of a load. */
  readonly known: string;
}

/**
 * Facts that are parts of another one and arrive with it: the stays of an encounter, the components of an observation. They are numbered from 1,
 * and the parent says how many there are: a part stands only while the winning event of its parent lists it, in any order of arrival.
 */
export interface Part {
  /** Column of the relation to the parent. */
  readonly relation: string;
  /** Member with the number of the part, from 1. */
  readonly position: string;
  /** Member of the parent that says how many parts it lists. */
  readonly count: string;
}

/** A further identifier of a member of a dimension: `value` within `system`. */
export interface Identifier {
  /** Column with a key of the identifier within the source, by which facts may name its holder. */
  readonly column: string;
  readonly value: string;
  /** Member with the system that assigned it, or the system itself where it is always the same. */
  readonly system: { readonly field: string } | { readonly uri: string };
  readonly since?: number;
  /** Column with the durable key of a member whose id it is, by the authority that assigned it; such a member is the same person. */
  readonly assigned?: { readonly column: string; readonly since: number };
}

/** A column of a dimension with the key of a member of another one. */
export interface NamedMember {
  readonly column: string;
  readonly entity: EntityName;
  readonly field: string;
  /** Member with the source system that knows it, or the authority that assigned it; as for the record itself where there is none. */
  readonly source?: string;
  /** Member with the system in which `field` is a code, where the named entity is known by system and code. */
  readonly system?: string;
  /** Member that names it where `field` is absent, by another identifier of the same source: the column then has the key of that one. */
  readonly identifier?: string;
}

/** People that several sources know: which members are one person. */
export interface Identity {
  /** Dimension whose members say that two of these are one person. */
  readonly link: EntityName;
  /** Members of one person agree in these attributes: an identifier whose holders do not is nobody's. */
  readonly agree: readonly string[];
  /**
   * Links that come with the first of their two members are numbered from 1 (`position`, a member of the link), and the member says how many
   * there are (`count`): such a link stands only while the member's version in effect lists it.
   */
  readonly listed?: { readonly position: string; readonly count: string };
}

/** What a status says of a record as a whole, by every way in. */
export interface Standing {
  readonly field: string;
  /** The record was a mistake: it is a tombstone, whatever its `op`. */
  readonly removes: readonly string[];
  /** The record is kept, and stands in no measure: `is_counted` is 0. */
  readonly uncounted: readonly string[];
  /** Other members of which some values do the same. */
  readonly also?: readonly { readonly field: string; readonly uncounted: readonly string[] }[];
}

/**
 * A column computed from a timestamp. `tz_offset_min`, the offset as its source wrote it, is a silver column; local days and hours are
 * made in the warehouse, since they follow the zone of a member that may be described or corrected later.
 */
export interface DerivedField {
  readonly name: string;
  readonly type: 'int' | 'date';
  /** The `ts` field it is taken from. */
  readonly from: string;
  readonly take: 'tz_offset_min' | 'local_date' | 'local_time_key';
  /**
   * Where this field has this value the time is the midnight of a day: the day is the one that was written, whatever the zone, and a time of
   * day is null, since none is invented.
   */
  readonly unless?: { readonly field: string; readonly equals: string };
  readonly phi: PhiClass;
  readonly doc: string;
}

/** Warning about the order of two columns of one record: raised when `first` is later than `second`. */
export interface OrderCheck {
  readonly rule: RuleId;
  readonly first: string;
  readonly second: string;
  /** Days that a date may be after the day (UTC) of an instant: offsets reach that far. */
  readonly graceDays?: number;
  /** `first` cannot be true then and becomes null. */
  readonly clears?: boolean;
}

/** Warning about fields that a state rules out: raised when `field` is one of `values` and any of `excludes` is given. */
export interface Conflict {
  readonly rule: RuleId;
  readonly field: string;
  readonly values: readonly string[];
  readonly excludes: readonly string[];
}

/** At least one of these fields should be given. */
export interface OneOf {
  readonly rule: RuleId;
  readonly fields: readonly string[];
}

/** Where a warehouse table keeps its rows (Redshift DISTKEY and SORTKEY), by column names of the table. */
export interface Layout {
  readonly distKey: string;
  readonly sortKey: readonly string[];
}

/** What entities are about. */
export type Subject =
  | 'people'
  | 'places'
  | 'scheduling'
  | 'encounters'
  | 'conditions'
  | 'procedures'
  | 'observations'
  | 'medication'
  | 'codes';

/** All that is said about one version of an entity; everything else is derived from it. */
export interface EntityContract {
  readonly name: EntityName;
  /** `dimension`: something that facts name and whose attributes change; `fact`: something that happened (Kimball). */
  readonly kind: 'dimension' | 'fact';
  /** The diagram that shows it (`docs/generated/erd.md`); absent: that of everything else. */
  readonly subject?: Subject;
  /**
   * Dimensions: `few` members (thousands) stand on every node of the warehouse and their keys are remembered while records
   * are read; `many` (millions) are distributed by key.
   */
  readonly members?: 'few' | 'many';
  /** Facts: the time as of which the attributes of its members are taken; a required `ts` member. */
  readonly asOf?: string;
  /** Facts: members that the log keeps of every event, so that features see what was known at a time. */
  readonly asKnown?: readonly string[];
  /**
   * Facts: a member whose values follow one another, the furthest first; values in one list are as far as each other. Decides between events
   * that times and source order leave equal.
   */
  readonly stateOrder?: { readonly field: string; readonly furthestFirst: readonly (readonly string[])[] };
  /**
   * Facts: the member by whose zone local days and hours go, as it was at `asOf`; where it has none, or the fact names none, by the
   * offset that was written.
   */
  readonly localTime?: {
    readonly role: string;
    /** Attribute of the member (zone). */
    readonly zone: string;
    /** Flags an `asOf` that was written with another offset than that of the zone. */
    readonly rule: RuleId;
  };
  /** Facts: physical layout of the table. */
  readonly layout?: Layout;
  /** Newest version; earlier ones are the same contract without the members that came since. */
  readonly version: number;
  readonly doc: string;
  readonly fields: readonly Field[];
  readonly naturalKey: readonly string[];
  /** `source`: the natural key is unique within its source system, or the authority that a record names for it; `global`: everywhere. */
  readonly keyScope: 'source' | 'global';
  /** Dimensions: a member by which it is known everywhere, where a record has no natural key. */
  readonly otherKey?: string;
  readonly references: readonly Reference[];
  /** Dimensions: identifiers beside the natural key, by which others may name a member. */
  readonly identifiers?: readonly Identifier[];
  readonly identity?: Identity;
  /** Dimensions: members of others that a record names; it is refused where they are one and the same. */
  readonly names?: readonly NamedMember[];
  readonly relations?: readonly Relation[];
  readonly partOf?: Part;
  readonly standing?: Standing;
  readonly derived: readonly DerivedField[];
  readonly oneOf: readonly OneOf[];
  readonly orders: readonly OrderCheck[];
  readonly conflicts?: readonly Conflict[];
}

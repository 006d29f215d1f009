import type { DescribedColumn, DimensionLists, WarehouseColumn } from './warehouse';

const column = (name: string, type: string, doc: string, source: string, ...places: string[]): DescribedColumn => ({
  name,
  type,
  doc,
  source,
  in: places,
});

/** Columns of the views that say who holds an identifier, who is one person, and who that is. */
export function describedPeople({ contract, naturals, attributes }: DimensionLists): DescribedColumn[] {
  const e = contract.name;
  const words = e.replaceAll('_', ' ');
  const view = (name: string) => `sql/templates/views/${name}.sql`;
  const holder = `core.${e}_identifier`;
  const holders = contract.identifiers
    ? [
        column(
          'named_key',
          'varchar(32)',
          `By which facts of the same source name the ${words}.`,
          view('identifier'),
          holder,
        ),
        column(
          'member_key',
          'varchar(32)',
          `Durable key of the ${words} who holds it now.`,
          view('identifier'),
          holder,
        ),
        column('source_system', 'varchar(64)', 'The source that says so.', view('identifier'), holder),
        column('identifier_system', 'varchar(128)', 'Who assigned the identifier.', view('identifier'), holder),
        column('identifier_value', 'varchar(64)', 'The identifier.', view('identifier'), holder),
        column(
          'is_valid',
          'integer',
          '0: known to be wrong, so that it joins nobody across sources.',
          view('identifier'),
          holder,
        ),
      ]
    : [];
  if (!contract.identity) return holders;
  const [shared, match, person] = [`core.${e}_shared_identifier`, `core.${e}_match`, `core.enterprise_${e}`];
  const held = `core.${e}_holder`;
  const of = view('shared-identifier');
  return [
    ...holders,
    column(
      `enterprise_${e}_key`,
      'varchar(32)',
      `Key of the person across sources; equal to ${e}_key where nothing joins the ${words} to another one.`,
      view('person'),
      `core.dim_${e}`,
      person,
    ),
    column('identifier_system', 'varchar(128)', 'Who assigned the identifier.', view('holder'), held),
    column(
      'identifier_value',
      'varchar(64)',
      'The identifier; never one that is known to be wrong.',
      view('holder'),
      held,
    ),
    column(
      'member_key',
      'varchar(32)',
      `Durable key of a ${words} who states it, or has it for an id.`,
      view('holder'),
      held,
    ),
    column('source_system', 'varchar(64)', 'The source that describes or names the holder.', view('holder'), held),
    column('identifier_system', 'varchar(128)', 'Who assigned the identifier.', of, shared),
    column('identifier_value', 'varchar(64)', 'An identifier that several members hold.', of, shared),
    column('first_key', 'varchar(32)', 'Least durable key of its holders.', of, shared),
    column('members', 'bigint', 'Its holders.', of, shared),
    column('most_in_source', 'bigint', "Most holders in one source; above 3 it is nobody's.", of, shared),
    column(
      'contradictions',
      'integer',
      'Attributes in which its holders differ that one person cannot differ in.',
      of,
      shared,
    ),
    column('joins', 'integer', '1: its holders are one person.', of, shared),
    column('from_key', 'varchar(32)', `Durable key of one ${words}.`, view('match'), match),
    column(
      'to_key',
      'varchar(32)',
      'Durable key of another one who is the same person, or of the same one.',
      view('match'),
      match,
    ),
    column('members', 'bigint', `Records of a ${words} that are this person.`, view('enterprise'), person),
    column(
      `latest_${e}_key`,
      'varchar(32)',
      'The record whose version is latest in effect; the attributes are its.',
      view('enterprise'),
      person,
    ),
    ...[...naturals, ...attributes].map((c: WarehouseColumn) => column(c.name, c.type, c.doc, c.source, person)),
    column('is_inferred', 'boolean', 'No source has described the person.', view('enterprise'), person),
    column('is_deleted', 'boolean', 'All sources reported the person as gone.', view('enterprise'), person),
  ];
}

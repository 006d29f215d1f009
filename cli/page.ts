import type { PageContent } from '@carelake/laptop/endpoints/types';
import { runnable } from './hints';

/** Questions to begin with, each answered by one statement. */
export const QUERIES: Readonly<Record<string, string>> = {
  'No-show rate by clinic':
    "select group_key as clinic, value, numerator, denominator from gold_phi.no_show_rate where by_dimension = 'clinic' order by value desc",
  'No-show rate by weekday (1 is Monday)':
    'select scheduled_dow, sum(is_no_show) as missed, sum(in_denominator) as counted from gold_phi.obt_appointment group by scheduled_dow order by scheduled_dow',
  'No-show rate by month':
    'select scheduled_month, sum(is_no_show)::double precision / nullif(sum(in_denominator), 0) as rate from gold_phi.obt_appointment group by scheduled_month order by scheduled_month',
  'Does a long lead time cost visits?':
    "select case when lead_time_days < 7 then 'under a week' when lead_time_days < 28 then 'one to four weeks' else 'longer' end as lead, sum(is_no_show)::double precision / nullif(sum(in_denominator), 0) as rate from gold_phi.obt_appointment group by 1 order by 1",
  'Do reminders help?':
    "select reminder_count, count(*) as appointments, sum(is_no_show)::double precision / nullif(sum(in_denominator), 0) as rate from gold_phi.obt_appointment where outcome_group <> 'void' group by reminder_count order by reminder_count",
  'Age bands':
    "select patient_age_band, count(*) as appointments, sum(is_no_show) as missed from gold_phi.obt_appointment where outcome_group <> 'void' group by patient_age_band order by patient_age_band",
  'What became of appointments':
    'select outcome_group, count(*) as appointments from gold_phi.obt_appointment group by outcome_group order by appointments desc',
  'Waiting and delay by clinic, in minutes':
    'select clinic_id, avg(in_clinic_wait_min::double precision) as waited, avg(start_delay_min::double precision) as delayed from gold_phi.obt_appointment where is_attended = 1 group by clinic_id order by clinic_id',
  'Patients with most missed appointments':
    'select patient_id, sum(is_no_show) as missed from gold_phi.obt_appointment group by patient_id order by missed desc, patient_id limit 10',
  'Was anything lost or counted twice?': 'select * from ops.conservation',
};

/** What the page in a browser says before it shows what runs. */
export function pageContent(env: string, dataDir: string): PageContent {
  return {
    'What this is': {
      Carelake: `a healthcare data platform on this machine: the templates of environment ${env}, booted on local engines`,
      'its data': dataDir,
      'this page': 'shows names and counts, nobody’s data; its address is valid until the platform stops',
    },
    Commands: {
      'run a query': runnable('carelake sql "select ..."'),
      'push events': runnable('carelake push examples/events.ndjson'),
      'see what was rejected': runnable('carelake quarantine list'),
      'point any AWS client here': runnable('eval "$(carelake env)"'),
    },
    'Queries to copy': QUERIES,
  };
}

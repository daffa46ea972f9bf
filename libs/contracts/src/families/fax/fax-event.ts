import { numeric, record, shapeOf, text, type BodyOf } from '../../fields';

/** Known members of a fax status, after Kazoo's fax API. A fax document change has those of an object event. */
export const faxStatusFields = {
  event_category: text('`fax`'),
  event_name: text('`status`'),
  app_name: text('Publisher.'),
  app_version: text('Version of the publisher.'),
  msg_id: text('Id given by the publisher.'),
  job_id: text('Id of the fax, raw.'),
  fax_id: text('The same, where the publisher tells faxes from jobs.'),
  faxbox_id: text('Id of the faxbox.'),
  account_id: text('Account of the fax.'),
  status: text('Status for people to read.'),
  fax_state: text('`start`, `prepare`, `send`, `receive`, `end` or `error`.'),
  fax_info: record('What the switch reports of the transmission.'),
  direction: text('`incoming` or `outgoing`.'),
  page: numeric('Page being transmitted.'),
  stage: text('Stage of the job.'),
  cloud_job_id: text('Id of the cloud print job.'),
  cloud_printer_id: text('Id of the cloud printer.'),
  caller_id_name: text('Caller id name.'),
  caller_id_number: text('Caller id number.'),
  callee_id_name: text('Callee id name.'),
  callee_id_number: text('Callee id number.'),
  timestamp: numeric('Gregorian seconds.'),
} as const;

/** Body of a fax status as a client gets it. */
export type FaxStatus = BodyOf<typeof faxStatusFields>;

export const faxStatusShape = shapeOf(faxStatusFields);

BEGIN TRANSACTION;
CREATE TABLE runstate_cursors (
    tenant TEXT NOT NULL, subscriber TEXT NOT NULL, position TEXT NOT NULL, PRIMARY KEY (tenant, subscriber));
INSERT INTO "runstate_cursors" VALUES('','s','0-4');
CREATE TABLE runstate_journal (
    xact INTEGER NOT NULL DEFAULT 0,
    pos INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL, run_id TEXT NOT NULL, seq INTEGER NOT NULL CHECK (seq >= 1), prev INTEGER,
    lifecycle TEXT NOT NULL, version TEXT NOT NULL, event TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL, ends INTEGER NOT NULL,
    at INTEGER NOT NULL CHECK (at >= 0), actor TEXT, idem_key TEXT, idem_fp TEXT,
    payload TEXT NOT NULL, metadata TEXT,
    UNIQUE (tenant, run_id, seq, target, lifecycle),
    CHECK ((seq = 1) = (prev IS NULL)),
    CHECK (prev IS NULL OR prev = seq - 1),
    CHECK ((seq = 1) = (source = '')),
    CHECK ((idem_key IS NULL) = (idem_fp IS NULL)),
    FOREIGN KEY (lifecycle, version, event, source, target, ends)
    REFERENCES runstate_legality (lifecycle, version, event, source, target, ends),
    FOREIGN KEY (tenant, run_id, prev, source, lifecycle)
    REFERENCES runstate_journal (tenant, run_id, seq, target, lifecycle) DEFERRABLE INITIALLY IMMEDIATE,
    FOREIGN KEY (tenant, run_id) REFERENCES runstate_runs (tenant, id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runstate_journal" VALUES(0,1,'','run_0',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000000000000,'fixture','k0','dd9766f756b7d8cc1b91bedc23783e8f','{"record":{"id":"run_0","object":"thread.run","created_at":1700000000,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"queued"}');
INSERT INTO "runstate_journal" VALUES(0,2,'','run_1',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000000000000,'fixture','k1','c9737bafc03d5476128ef525ae9535ff','{"record":{"id":"run_1","object":"thread.run","created_at":1700000000,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"in_progress"}');
INSERT INTO "runstate_journal" VALUES(0,3,'','run_1',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000001250000,'fixture','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"status":"in_progress"}');
INSERT INTO "runstate_journal" VALUES(0,4,'','run_2',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000001250000,'fixture','k2','bd3ccd283ee9b15592db3b6eba3007ae','{"record":{"id":"run_2","object":"thread.run","created_at":1700000001,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000601,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"requires_action"}');
INSERT INTO "runstate_journal" VALUES(0,5,'','run_2',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000002500000,'fixture','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"status":"requires_action"}');
INSERT INTO "runstate_journal" VALUES(0,6,'','run_2',3,2,'openai.assistants.run','2','require_action','in_progress','requires_action',0,1700000003750000,'fixture','require_action','79ee98c3676410899f1d7cbdc49de130','{"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"}}','{"status":"requires_action"}');
INSERT INTO "runstate_journal" VALUES(0,7,'','run_3',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000003750000,'fixture','k3','1f2c89681bac941d7542a0117563bb46','{"record":{"id":"run_3","object":"thread.run","created_at":1700000003,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000603,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"cancelling"}');
INSERT INTO "runstate_journal" VALUES(0,8,'','run_3',2,1,'openai.assistants.run','2','cancel','queued','cancelling',0,1700000005000000,'fixture','cancel','567000045e09a54ff737f27577314ab2','{}','{"status":"cancelling"}');
INSERT INTO "runstate_journal" VALUES(0,9,'','run_4',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000005000000,'fixture','k4','b07bf8c2cf89afd098f8dc6c79bbf6b2','{"record":{"id":"run_4","object":"thread.run","created_at":1700000005,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000605,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"cancelled"}');
INSERT INTO "runstate_journal" VALUES(0,10,'','run_4',2,1,'openai.assistants.run','2','cancel','queued','cancelling',0,1700000006250000,'fixture','cancel','567000045e09a54ff737f27577314ab2','{}','{"status":"cancelled"}');
INSERT INTO "runstate_journal" VALUES(0,11,'','run_4',3,2,'openai.assistants.run','2','confirm_cancel','cancelling','cancelled',1,1700000007500000,'fixture','confirm_cancel','7929deb59525fc90b3fa9bff8ebef04e','{}','{"status":"cancelled"}');
INSERT INTO "runstate_journal" VALUES(0,12,'','run_5',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000007500000,'fixture','k5','6692c063abf4556c692b3f82ec82bf86','{"record":{"id":"run_5","object":"thread.run","created_at":1700000007,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000607,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"failed"}');
INSERT INTO "runstate_journal" VALUES(0,13,'','run_5',2,1,'openai.assistants.run','2','fail','queued','failed',1,1700000008750000,'fixture','fail','0c70b5e7c5eb35acaa56da3cf28235f2','{"last_error":{"code":"server_error","message":"broken"}}','{"status":"failed"}');
INSERT INTO "runstate_journal" VALUES(0,14,'','run_6',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000008750000,'fixture','k6','19eaffc87be65e914b5cbb050899e9cb','{"record":{"id":"run_6","object":"thread.run","created_at":1700000008,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000608,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"completed"}');
INSERT INTO "runstate_journal" VALUES(0,15,'','run_6',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000010000000,'fixture','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"status":"completed"}');
INSERT INTO "runstate_journal" VALUES(0,16,'','run_6',3,2,'openai.assistants.run','2','complete','in_progress','completed',1,1700000011250000,'fixture','complete','49d7187777adac69809567ea36298446','{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}','{"status":"completed"}');
INSERT INTO "runstate_journal" VALUES(0,17,'','run_7',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000011250000,'fixture','k7','9c948582d806ec3d2d207e6963c5b766','{"record":{"id":"run_7","object":"thread.run","created_at":1700000011,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000611,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"incomplete"}');
INSERT INTO "runstate_journal" VALUES(0,18,'','run_7',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000012500000,'fixture','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"status":"incomplete"}');
INSERT INTO "runstate_journal" VALUES(0,19,'','run_7',3,2,'openai.assistants.run','2','end_incomplete','in_progress','incomplete',1,1700000013750000,'fixture','end_incomplete','1b7e82840faab459f2891dc6fa528ab3','{}','{"status":"incomplete"}');
INSERT INTO "runstate_journal" VALUES(0,20,'','run_8',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000013750000,'fixture','k8','90a7da636485ae5ca8ec939ac7c2c03d','{"record":{"id":"run_8","object":"thread.run","created_at":1700000013,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000613,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"status":"expired"}');
INSERT INTO "runstate_journal" VALUES(0,21,'','run_8',2,1,'openai.assistants.run','2','expire','queued','expired',1,1700000614750000,'fixture','expire','fb8a4ddda68c042c1d6604e4a39d6909','{}','{"status":"expired"}');
CREATE TABLE runstate_keys (
    tenant TEXT NOT NULL, idem_key TEXT NOT NULL, idem_fp TEXT NOT NULL, run_id TEXT NOT NULL,
    PRIMARY KEY (tenant, idem_key),
    FOREIGN KEY (tenant, run_id) REFERENCES runstate_runs (tenant, id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runstate_keys" VALUES('','k0','dd9766f756b7d8cc1b91bedc23783e8f','run_0');
INSERT INTO "runstate_keys" VALUES('','k1','c9737bafc03d5476128ef525ae9535ff','run_1');
INSERT INTO "runstate_keys" VALUES('','k2','bd3ccd283ee9b15592db3b6eba3007ae','run_2');
INSERT INTO "runstate_keys" VALUES('','k3','1f2c89681bac941d7542a0117563bb46','run_3');
INSERT INTO "runstate_keys" VALUES('','k4','b07bf8c2cf89afd098f8dc6c79bbf6b2','run_4');
INSERT INTO "runstate_keys" VALUES('','k5','6692c063abf4556c692b3f82ec82bf86','run_5');
INSERT INTO "runstate_keys" VALUES('','k6','19eaffc87be65e914b5cbb050899e9cb','run_6');
INSERT INTO "runstate_keys" VALUES('','k7','9c948582d806ec3d2d207e6963c5b766','run_7');
INSERT INTO "runstate_keys" VALUES('','k8','90a7da636485ae5ca8ec939ac7c2c03d','run_8');
CREATE TABLE runstate_legality (
    lifecycle TEXT NOT NULL, version TEXT NOT NULL, event TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL CHECK (target <> ''),
    ends INTEGER NOT NULL CHECK (ends IN (0, 1)),
    PRIMARY KEY (lifecycle, version, event, source, target, ends));
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','create','','queued',0);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','start','queued','in_progress',0);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','fail','queued','failed',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','cancel','queued','cancelling',0);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','expire','queued','expired',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','require_action','in_progress','requires_action',0);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','complete','in_progress','completed',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','end_incomplete','in_progress','incomplete',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','fail','in_progress','failed',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','cancel','in_progress','cancelling',0);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','expire','in_progress','expired',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','submit_tool_outputs','requires_action','queued',0);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','fail','requires_action','failed',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','cancel','requires_action','cancelling',0);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','expire','requires_action','expired',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','confirm_cancel','cancelling','cancelled',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','complete','cancelling','completed',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','end_incomplete','cancelling','incomplete',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','fail','cancelling','failed',1);
INSERT INTO "runstate_legality" VALUES('openai.assistants.run','2','expire','cancelling','expired',1);
CREATE TABLE runstate_pruning (tenant TEXT NOT NULL, run_id TEXT NOT NULL, PRIMARY KEY (tenant, run_id));
CREATE TABLE runstate_runs (
    tenant TEXT NOT NULL, id TEXT NOT NULL CHECK (id <> ''),
    lifecycle TEXT NOT NULL, version TEXT NOT NULL, status TEXT NOT NULL CHECK (status <> ''),
    rev INTEGER NOT NULL CHECK (rev >= 1), edits INTEGER NOT NULL CHECK (edits >= 0),
    created INTEGER NOT NULL CHECK (created >= 0), at INTEGER NOT NULL CHECK (at >= created),
    queue TEXT NOT NULL, assistant TEXT, thread TEXT, slot TEXT,
    fence INTEGER NOT NULL CHECK (fence >= 0), owner TEXT, lease_until INTEGER,
    attempt INTEGER NOT NULL CHECK (attempt >= 0), max_attempts INTEGER CHECK (max_attempts >= 1),
    ready_at INTEGER, due_at INTEGER, cancel_at INTEGER, cancel_by TEXT, wake_at INTEGER,
    retry_of TEXT, retry_no INTEGER NOT NULL CHECK (retry_no >= 0),
    body TEXT NOT NULL, metadata TEXT,
    PRIMARY KEY (tenant, id),
    CHECK ((owner IS NULL) = (lease_until IS NULL)),
    CHECK (owner IS NULL OR fence >= 1),
            FOREIGN KEY (tenant, id, rev, status, lifecycle)
                REFERENCES runstate_journal (tenant, run_id, seq, target, lifecycle) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runstate_runs" VALUES('','run_0','openai.assistants.run','2','queued',1,0,1700000000000000,1700000000000000,'default','a','t',NULL,0,NULL,NULL,0,3,1700000000000000,1700000600000000,NULL,NULL,1700000600000000,NULL,0,'{"id":"run_0","object":"thread.run","created_at":1700000000,"assistant_id":"a","thread_id":"t","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"queued"}');
INSERT INTO "runstate_runs" VALUES('','run_1','openai.assistants.run','2','in_progress',2,0,1700000000000000,1700000001250000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,1700000600000000,NULL,NULL,1700000600000000,NULL,0,'{"id":"run_1","object":"thread.run","created_at":1700000000,"assistant_id":"a","thread_id":"t","status":"in_progress","started_at":1700000001,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"in_progress"}');
INSERT INTO "runstate_runs" VALUES('','run_2','openai.assistants.run','2','requires_action',3,0,1700000001250000,1700000003750000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,1700000601000000,NULL,NULL,1700000601000000,NULL,0,'{"id":"run_2","object":"thread.run","created_at":1700000001,"assistant_id":"a","thread_id":"t","status":"requires_action","started_at":1700000002,"expires_at":1700000601,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"},"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"requires_action"}');
INSERT INTO "runstate_runs" VALUES('','run_3','openai.assistants.run','2','cancelling',2,0,1700000003750000,1700000005000000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,1700000603000000,NULL,NULL,1700000005000000,NULL,0,'{"id":"run_3","object":"thread.run","created_at":1700000003,"assistant_id":"a","thread_id":"t","status":"cancelling","started_at":null,"expires_at":1700000603,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"cancelling"}');
INSERT INTO "runstate_runs" VALUES('','run_4','openai.assistants.run','2','cancelled',3,0,1700000005000000,1700000007500000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_4","object":"thread.run","created_at":1700000005,"assistant_id":"a","thread_id":"t","status":"cancelled","started_at":null,"expires_at":null,"cancelled_at":1700000007,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"cancelled"}');
INSERT INTO "runstate_runs" VALUES('','run_5','openai.assistants.run','2','failed',2,0,1700000007500000,1700000008750000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_5","object":"thread.run","created_at":1700000007,"assistant_id":"a","thread_id":"t","status":"failed","started_at":null,"expires_at":null,"cancelled_at":null,"failed_at":1700000008,"completed_at":null,"required_action":null,"last_error":{"code":"server_error","message":"broken"},"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"failed"}');
INSERT INTO "runstate_runs" VALUES('','run_6','openai.assistants.run','2','completed',3,0,1700000008750000,1700000011250000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_6","object":"thread.run","created_at":1700000008,"assistant_id":"a","thread_id":"t","status":"completed","started_at":1700000010,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000011,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"response_format":null,"tool_choice":null}','{"status":"completed"}');
INSERT INTO "runstate_runs" VALUES('','run_7','openai.assistants.run','2','incomplete',3,0,1700000011250000,1700000013750000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_7","object":"thread.run","created_at":1700000011,"assistant_id":"a","thread_id":"t","status":"incomplete","started_at":1700000012,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000013,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"incomplete"}');
INSERT INTO "runstate_runs" VALUES('','run_8','openai.assistants.run','2','expired',2,0,1700000013750000,1700000614750000,'default','a','t',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_8","object":"thread.run","created_at":1700000013,"assistant_id":"a","thread_id":"t","status":"expired","started_at":null,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"status":"expired"}');
CREATE TABLE runstate_schema (version INTEGER PRIMARY KEY);
INSERT INTO "runstate_schema" VALUES(1);
CREATE UNIQUE INDEX runstate_journal_seq ON runstate_journal (tenant, run_id, seq);
CREATE UNIQUE INDEX runstate_journal_ends_once ON runstate_journal (tenant, run_id) WHERE ends = 1;
CREATE UNIQUE INDEX runstate_journal_idem ON runstate_journal (tenant, run_id, idem_key)
    WHERE idem_key IS NOT NULL;
CREATE INDEX runstate_journal_outbox ON runstate_journal (tenant, xact, pos);
CREATE UNIQUE INDEX runstate_runs_slot ON runstate_runs (tenant, lifecycle, slot) WHERE slot IS NOT NULL;
CREATE INDEX runstate_runs_created ON runstate_runs (tenant, lifecycle, created, id);
CREATE INDEX runstate_runs_ready ON runstate_runs (tenant, lifecycle, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX runstate_runs_wake ON runstate_runs (tenant, lifecycle, wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX runstate_runs_thread ON runstate_runs (tenant, thread) WHERE thread IS NOT NULL;
CREATE INDEX runstate_keys_run ON runstate_keys (tenant, run_id);
CREATE TRIGGER runstate_journal_no_update BEFORE UPDATE ON runstate_journal
    BEGIN SELECT RAISE(ABORT, 'runstate: the journal is append-only'); END;
CREATE TRIGGER runstate_journal_no_delete BEFORE DELETE ON runstate_journal
    WHEN NOT EXISTS (SELECT 1 FROM runstate_pruning p WHERE p.tenant = OLD.tenant AND p.run_id = OLD.run_id)
    BEGIN SELECT RAISE(ABORT, 'runstate: the journal is append-only'); END;
CREATE TRIGGER runstate_runs_no_return BEFORE UPDATE ON runstate_runs
    WHEN NEW.rev < OLD.rev OR NEW.fence < OLD.fence
    BEGIN SELECT RAISE(ABORT, 'runstate: a run does not go back'); END;
CREATE TRIGGER runstate_journal_no_replace BEFORE INSERT ON runstate_journal
    WHEN EXISTS (SELECT 1 FROM runstate_journal j
    WHERE j.tenant = NEW.tenant AND j.run_id = NEW.run_id AND j.seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'runstate: the number is taken'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runstate_journal',21);
COMMIT;

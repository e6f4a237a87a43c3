BEGIN TRANSACTION;
CREATE TABLE runstate_cursors (
    tenant TEXT NOT NULL, subscriber TEXT NOT NULL, position TEXT NOT NULL, PRIMARY KEY (tenant, subscriber));
INSERT INTO "runstate_cursors" VALUES('','openai.assistants.run:subscriber','0-27');
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
INSERT INTO "runstate_journal" VALUES(0,1,'','run_queued',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000000000000,NULL,'queued','69d0386d9a9b80cde0a72d3cbb4edbdd','{"record":{"id":"run_queued","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,2,'','run_in_progress',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000000000000,NULL,'in_progress','53fec4015cd26d6a07542933e8a65ef0','{"record":{"id":"run_in_progress","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,3,'','run_in_progress',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000001000000,'ann','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,4,'','run_requires_action',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000001000000,NULL,'requires_action','ec21328ebdfd2ef43dd516e8239382dd','{"record":{"id":"run_requires_action","object":"thread.run","created_at":1700000001,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000601,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,5,'','run_requires_action',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000002000000,'ann','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,6,'','run_requires_action',3,2,'openai.assistants.run','2','require_action','in_progress','requires_action',0,1700000003000000,'ann','require_action','79ee98c3676410899f1d7cbdc49de130','{"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,7,'','run_cancelling',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000003000000,NULL,'cancelling','3f88651c7419e32a2a67a1f717d7cd71','{"record":{"id":"run_cancelling","object":"thread.run","created_at":1700000003,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000603,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,8,'','run_cancelling',2,1,'openai.assistants.run','2','cancel','queued','cancelling',0,1700000004000000,'ann','cancel','567000045e09a54ff737f27577314ab2','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,9,'','run_cancelled',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000004000000,NULL,'cancelled','a6eeb2772ab69054b83788c26ba51f21','{"record":{"id":"run_cancelled","object":"thread.run","created_at":1700000004,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000604,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,10,'','run_cancelled',2,1,'openai.assistants.run','2','cancel','queued','cancelling',0,1700000005000000,'ann','cancel','567000045e09a54ff737f27577314ab2','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,11,'','run_cancelled',3,2,'openai.assistants.run','2','confirm_cancel','cancelling','cancelled',1,1700000006000000,'ann','confirm_cancel','7929deb59525fc90b3fa9bff8ebef04e','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,12,'','run_failed',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000006000000,NULL,'failed','89d08846335cbbe3cc54a478bbef7ac9','{"record":{"id":"run_failed","object":"thread.run","created_at":1700000006,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000606,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,13,'','run_failed',2,1,'openai.assistants.run','2','fail','queued','failed',1,1700000007000000,'ann','fail','0c70b5e7c5eb35acaa56da3cf28235f2','{"last_error":{"code":"server_error","message":"broken"}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,14,'','run_completed',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000007000000,NULL,'completed','8d092d9e85363b1d15bf770904b4898e','{"record":{"id":"run_completed","object":"thread.run","created_at":1700000007,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000607,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,15,'','run_completed',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000008000000,'ann','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,16,'','run_completed',3,2,'openai.assistants.run','2','complete','in_progress','completed',1,1700000009000000,'ann','complete','49d7187777adac69809567ea36298446','{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,17,'','run_incomplete',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000009000000,NULL,'incomplete','04fea6ecc7844219b1ac6fad49dfb4cd','{"record":{"id":"run_incomplete","object":"thread.run","created_at":1700000009,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000609,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,18,'','run_incomplete',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000010000000,'ann','start','d88f63d9139e838809ef2ab6ad63967b','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,19,'','run_incomplete',3,2,'openai.assistants.run','2','end_incomplete','in_progress','incomplete',1,1700000011000000,'ann','end_incomplete','1b7e82840faab459f2891dc6fa528ab3','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,20,'','run_expired',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000011000000,NULL,'expired','a51ed655fdb828f209223f038c8feef8','{"record":{"id":"run_expired","object":"thread.run","created_at":1700000011,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000611,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,21,'','run_expired',2,1,'openai.assistants.run','2','expire','queued','expired',1,1700000611000000,'ann','expire','fb8a4ddda68c042c1d6604e4a39d6909','{}','{"k":"v"}');
INSERT INTO "runstate_journal" VALUES(0,22,'','run_long',1,NULL,'openai.assistants.run','2','create','','queued',0,1700000611000000,NULL,NULL,NULL,'{"record":{"id":"run_long","object":"thread.run","created_at":1700000611,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700001211,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":"Be brief — please.","tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}','{}');
INSERT INTO "runstate_journal" VALUES(0,23,'','run_long',2,1,'openai.assistants.run','2','start','queued','in_progress',0,1700000612000000,NULL,NULL,NULL,'{}','{}');
INSERT INTO "runstate_journal" VALUES(0,24,'','run_long',3,2,'openai.assistants.run','2','require_action','in_progress','requires_action',0,1700000613000000,NULL,NULL,NULL,'{"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"}}','{}');
INSERT INTO "runstate_journal" VALUES(0,25,'','run_long',4,3,'openai.assistants.run','2','submit_tool_outputs','requires_action','queued',0,1700000614000000,NULL,NULL,NULL,'{"tool_outputs":[{"tool_call_id":"call_1","output":"sun"},{"tool_call_id":"call_2","output":"noon"}]}','{}');
INSERT INTO "runstate_journal" VALUES(0,26,'','run_long',5,4,'openai.assistants.run','2','start','queued','in_progress',0,1700000615000000,NULL,NULL,NULL,'{}','{}');
INSERT INTO "runstate_journal" VALUES(0,27,'','run_long',6,5,'openai.assistants.run','2','complete','in_progress','completed',1,1700000616000000,NULL,NULL,NULL,'{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}','{}');
CREATE TABLE runstate_keys (
    tenant TEXT NOT NULL, idem_key TEXT NOT NULL, idem_fp TEXT NOT NULL, run_id TEXT NOT NULL,
    PRIMARY KEY (tenant, idem_key),
    FOREIGN KEY (tenant, run_id) REFERENCES runstate_runs (tenant, id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO "runstate_keys" VALUES('','queued','69d0386d9a9b80cde0a72d3cbb4edbdd','run_queued');
INSERT INTO "runstate_keys" VALUES('','in_progress','53fec4015cd26d6a07542933e8a65ef0','run_in_progress');
INSERT INTO "runstate_keys" VALUES('','requires_action','ec21328ebdfd2ef43dd516e8239382dd','run_requires_action');
INSERT INTO "runstate_keys" VALUES('','cancelling','3f88651c7419e32a2a67a1f717d7cd71','run_cancelling');
INSERT INTO "runstate_keys" VALUES('','cancelled','a6eeb2772ab69054b83788c26ba51f21','run_cancelled');
INSERT INTO "runstate_keys" VALUES('','failed','89d08846335cbbe3cc54a478bbef7ac9','run_failed');
INSERT INTO "runstate_keys" VALUES('','completed','8d092d9e85363b1d15bf770904b4898e','run_completed');
INSERT INTO "runstate_keys" VALUES('','incomplete','04fea6ecc7844219b1ac6fad49dfb4cd','run_incomplete');
INSERT INTO "runstate_keys" VALUES('','expired','a51ed655fdb828f209223f038c8feef8','run_expired');
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
INSERT INTO "runstate_runs" VALUES('','run_queued','openai.assistants.run','2','queued',1,0,1700000000000000,1700000000000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,1700000000000000,1700000600000000,NULL,NULL,1700000600000000,NULL,0,'{"id":"run_queued","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_in_progress','openai.assistants.run','2','in_progress',2,0,1700000000000000,1700000001000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,1700000600000000,NULL,NULL,1700000600000000,NULL,0,'{"id":"run_in_progress","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"in_progress","started_at":1700000001,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_requires_action','openai.assistants.run','2','requires_action',3,0,1700000001000000,1700000003000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,1700000601000000,NULL,NULL,1700000601000000,NULL,0,'{"id":"run_requires_action","object":"thread.run","created_at":1700000001,"assistant_id":"assistant","thread_id":"thread","status":"requires_action","started_at":1700000002,"expires_at":1700000601,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"},"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_cancelling','openai.assistants.run','2','cancelling',2,0,1700000003000000,1700000004000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,1700000603000000,NULL,NULL,1700000004000000,NULL,0,'{"id":"run_cancelling","object":"thread.run","created_at":1700000003,"assistant_id":"assistant","thread_id":"thread","status":"cancelling","started_at":null,"expires_at":1700000603,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_cancelled','openai.assistants.run','2','cancelled',3,0,1700000004000000,1700000006000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_cancelled","object":"thread.run","created_at":1700000004,"assistant_id":"assistant","thread_id":"thread","status":"cancelled","started_at":null,"expires_at":null,"cancelled_at":1700000006,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_failed','openai.assistants.run','2','failed',2,0,1700000006000000,1700000007000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_failed","object":"thread.run","created_at":1700000006,"assistant_id":"assistant","thread_id":"thread","status":"failed","started_at":null,"expires_at":null,"cancelled_at":null,"failed_at":1700000007,"completed_at":null,"required_action":null,"last_error":{"code":"server_error","message":"broken"},"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_completed','openai.assistants.run','2','completed',3,0,1700000007000000,1700000009000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_completed","object":"thread.run","created_at":1700000007,"assistant_id":"assistant","thread_id":"thread","status":"completed","started_at":1700000008,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000009,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_incomplete','openai.assistants.run','2','incomplete',3,0,1700000009000000,1700000011000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_incomplete","object":"thread.run","created_at":1700000009,"assistant_id":"assistant","thread_id":"thread","status":"incomplete","started_at":1700000010,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000011,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_expired','openai.assistants.run','2','expired',2,0,1700000011000000,1700000611000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_expired","object":"thread.run","created_at":1700000011,"assistant_id":"assistant","thread_id":"thread","status":"expired","started_at":null,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}','{"k":"v"}');
INSERT INTO "runstate_runs" VALUES('','run_long','openai.assistants.run','2','completed',6,0,1700000611000000,1700000616000000,'default','assistant','thread',NULL,0,NULL,NULL,0,3,NULL,NULL,NULL,NULL,NULL,NULL,0,'{"id":"run_long","object":"thread.run","created_at":1700000611,"assistant_id":"assistant","thread_id":"thread","status":"completed","started_at":1700000615,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000616,"required_action":null,"last_error":null,"model":"","instructions":"Be brief — please.","tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"response_format":null,"tool_choice":null}','{}');
CREATE TABLE runstate_schema (version INTEGER PRIMARY KEY);
INSERT INTO "runstate_schema" VALUES(1);
INSERT INTO "runstate_schema" VALUES(2);
CREATE UNIQUE INDEX runstate_journal_seq ON runstate_journal (tenant, run_id, seq);
CREATE UNIQUE INDEX runstate_journal_ends_once ON runstate_journal (tenant, run_id) WHERE ends = 1;
CREATE UNIQUE INDEX runstate_journal_idem ON runstate_journal (tenant, run_id, idem_key)
    WHERE idem_key IS NOT NULL;
CREATE INDEX runstate_journal_outbox ON runstate_journal (tenant, xact, pos);
CREATE UNIQUE INDEX runstate_runs_slot ON runstate_runs (tenant, lifecycle, slot) WHERE slot IS NOT NULL;
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
CREATE INDEX runstate_runs_created ON runstate_runs (lifecycle, tenant, created, id);
CREATE INDEX runstate_runs_ready ON runstate_runs (lifecycle, tenant, ready_at, created, id)
    WHERE ready_at IS NOT NULL;
CREATE INDEX runstate_runs_wake ON runstate_runs (lifecycle, tenant, wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX runstate_runs_thread ON runstate_runs (lifecycle, tenant, thread, created, id)
    WHERE thread IS NOT NULL;
CREATE INDEX runstate_runs_settled ON runstate_runs (lifecycle, tenant, at, id)
    WHERE ready_at IS NULL AND wake_at IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runstate_journal',27);
COMMIT;

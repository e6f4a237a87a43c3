SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.runstate_journal_kept() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM runstate_pruning p
    WHERE p.tenant = OLD.tenant AND p.run_id = OLD.run_id) THEN
    RETURN OLD;
    END IF;
    RAISE EXCEPTION 'runstate: the journal is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
CREATE FUNCTION public.runstate_runs_forward() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
    RAISE EXCEPTION 'runstate: a run does not go back' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.runstate_cursors (
    tenant text NOT NULL,
    subscriber text NOT NULL,
    "position" text NOT NULL
);
CREATE TABLE public.runstate_journal (
    xact bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    pos bigint NOT NULL,
    tenant text NOT NULL,
    run_id text NOT NULL,
    seq bigint NOT NULL,
    prev bigint,
    lifecycle text NOT NULL,
    version text NOT NULL,
    event text NOT NULL,
    source text NOT NULL,
    target text NOT NULL,
    ends bigint NOT NULL,
    at bigint NOT NULL,
    actor text,
    idem_key text,
    idem_fp text,
    payload text NOT NULL,
    metadata text,
    CONSTRAINT runstate_journal_at_check CHECK ((at >= 0)),
    CONSTRAINT runstate_journal_check CHECK (((seq = 1) = (prev IS NULL))),
    CONSTRAINT runstate_journal_check1 CHECK (((prev IS NULL) OR (prev = (seq - 1)))),
    CONSTRAINT runstate_journal_check2 CHECK (((seq = 1) = (source = ''::text))),
    CONSTRAINT runstate_journal_check3 CHECK (((idem_key IS NULL) = (idem_fp IS NULL))),
    CONSTRAINT runstate_journal_seq_check CHECK ((seq >= 1))
);
ALTER TABLE public.runstate_journal ALTER COLUMN pos ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.runstate_journal_pos_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.runstate_keys (
    tenant text NOT NULL,
    idem_key text NOT NULL,
    idem_fp text NOT NULL,
    run_id text NOT NULL
);
CREATE TABLE public.runstate_legality (
    lifecycle text NOT NULL,
    version text NOT NULL,
    event text NOT NULL,
    source text NOT NULL,
    target text NOT NULL,
    ends bigint NOT NULL,
    CONSTRAINT runstate_legality_ends_check CHECK ((ends = ANY (ARRAY[(0)::bigint, (1)::bigint]))),
    CONSTRAINT runstate_legality_target_check CHECK ((target <> ''::text))
);
CREATE TABLE public.runstate_pruning (
    tenant text NOT NULL,
    run_id text NOT NULL
);
CREATE TABLE public.runstate_runs (
    tenant text NOT NULL,
    id text NOT NULL,
    lifecycle text NOT NULL,
    version text NOT NULL,
    status text NOT NULL,
    rev bigint NOT NULL,
    edits bigint NOT NULL,
    created bigint NOT NULL,
    at bigint NOT NULL,
    queue text NOT NULL,
    assistant text,
    thread text,
    slot text,
    fence bigint NOT NULL,
    owner text,
    lease_until bigint,
    attempt bigint NOT NULL,
    max_attempts bigint,
    ready_at bigint,
    due_at bigint,
    cancel_at bigint,
    cancel_by text,
    wake_at bigint,
    retry_of text,
    retry_no bigint NOT NULL,
    body text NOT NULL,
    metadata text,
    CONSTRAINT runstate_runs_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT runstate_runs_check CHECK ((at >= created)),
    CONSTRAINT runstate_runs_check1 CHECK (((owner IS NULL) = (lease_until IS NULL))),
    CONSTRAINT runstate_runs_check2 CHECK (((owner IS NULL) OR (fence >= 1))),
    CONSTRAINT runstate_runs_created_check CHECK ((created >= 0)),
    CONSTRAINT runstate_runs_edits_check CHECK ((edits >= 0)),
    CONSTRAINT runstate_runs_fence_check CHECK ((fence >= 0)),
    CONSTRAINT runstate_runs_id_check CHECK ((id <> ''::text)),
    CONSTRAINT runstate_runs_max_attempts_check CHECK ((max_attempts >= 1)),
    CONSTRAINT runstate_runs_retry_no_check CHECK ((retry_no >= 0)),
    CONSTRAINT runstate_runs_rev_check CHECK ((rev >= 1)),
    CONSTRAINT runstate_runs_status_check CHECK ((status <> ''::text))
);
CREATE TABLE public.runstate_schema (
    version integer NOT NULL
);
INSERT INTO public.runstate_cursors VALUES ('', 'openai.assistants.run:subscriber', '781-27');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (755, 1, '', 'run_queued', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000000000000, NULL, 'queued', '69d0386d9a9b80cde0a72d3cbb4edbdd', '{"record":{"id":"run_queued","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (756, 2, '', 'run_in_progress', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000000000000, NULL, 'in_progress', '53fec4015cd26d6a07542933e8a65ef0', '{"record":{"id":"run_in_progress","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (757, 3, '', 'run_in_progress', 2, 1, 'openai.assistants.run', '2', 'start', 'queued', 'in_progress', 0, 1700000001000000, 'ann', 'start', 'd88f63d9139e838809ef2ab6ad63967b', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (758, 4, '', 'run_requires_action', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000001000000, NULL, 'requires_action', 'ec21328ebdfd2ef43dd516e8239382dd', '{"record":{"id":"run_requires_action","object":"thread.run","created_at":1700000001,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000601,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (759, 5, '', 'run_requires_action', 2, 1, 'openai.assistants.run', '2', 'start', 'queued', 'in_progress', 0, 1700000002000000, 'ann', 'start', 'd88f63d9139e838809ef2ab6ad63967b', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (760, 6, '', 'run_requires_action', 3, 2, 'openai.assistants.run', '2', 'require_action', 'in_progress', 'requires_action', 0, 1700000003000000, 'ann', 'require_action', '79ee98c3676410899f1d7cbdc49de130', '{"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (761, 7, '', 'run_cancelling', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000003000000, NULL, 'cancelling', '3f88651c7419e32a2a67a1f717d7cd71', '{"record":{"id":"run_cancelling","object":"thread.run","created_at":1700000003,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000603,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (762, 8, '', 'run_cancelling', 2, 1, 'openai.assistants.run', '2', 'cancel', 'queued', 'cancelling', 0, 1700000004000000, 'ann', 'cancel', '567000045e09a54ff737f27577314ab2', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (763, 9, '', 'run_cancelled', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000004000000, NULL, 'cancelled', 'a6eeb2772ab69054b83788c26ba51f21', '{"record":{"id":"run_cancelled","object":"thread.run","created_at":1700000004,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000604,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (764, 10, '', 'run_cancelled', 2, 1, 'openai.assistants.run', '2', 'cancel', 'queued', 'cancelling', 0, 1700000005000000, 'ann', 'cancel', '567000045e09a54ff737f27577314ab2', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (765, 11, '', 'run_cancelled', 3, 2, 'openai.assistants.run', '2', 'confirm_cancel', 'cancelling', 'cancelled', 1, 1700000006000000, 'ann', 'confirm_cancel', '7929deb59525fc90b3fa9bff8ebef04e', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (766, 12, '', 'run_failed', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000006000000, NULL, 'failed', '89d08846335cbbe3cc54a478bbef7ac9', '{"record":{"id":"run_failed","object":"thread.run","created_at":1700000006,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000606,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (767, 13, '', 'run_failed', 2, 1, 'openai.assistants.run', '2', 'fail', 'queued', 'failed', 1, 1700000007000000, 'ann', 'fail', '0c70b5e7c5eb35acaa56da3cf28235f2', '{"last_error":{"code":"server_error","message":"broken"}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (768, 14, '', 'run_completed', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000007000000, NULL, 'completed', '8d092d9e85363b1d15bf770904b4898e', '{"record":{"id":"run_completed","object":"thread.run","created_at":1700000007,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000607,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (769, 15, '', 'run_completed', 2, 1, 'openai.assistants.run', '2', 'start', 'queued', 'in_progress', 0, 1700000008000000, 'ann', 'start', 'd88f63d9139e838809ef2ab6ad63967b', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (770, 16, '', 'run_completed', 3, 2, 'openai.assistants.run', '2', 'complete', 'in_progress', 'completed', 1, 1700000009000000, 'ann', 'complete', '49d7187777adac69809567ea36298446', '{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (771, 17, '', 'run_incomplete', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000009000000, NULL, 'incomplete', '04fea6ecc7844219b1ac6fad49dfb4cd', '{"record":{"id":"run_incomplete","object":"thread.run","created_at":1700000009,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000609,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (772, 18, '', 'run_incomplete', 2, 1, 'openai.assistants.run', '2', 'start', 'queued', 'in_progress', 0, 1700000010000000, 'ann', 'start', 'd88f63d9139e838809ef2ab6ad63967b', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (773, 19, '', 'run_incomplete', 3, 2, 'openai.assistants.run', '2', 'end_incomplete', 'in_progress', 'incomplete', 1, 1700000011000000, 'ann', 'end_incomplete', '1b7e82840faab459f2891dc6fa528ab3', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (774, 20, '', 'run_expired', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000011000000, NULL, 'expired', 'a51ed655fdb828f209223f038c8feef8', '{"record":{"id":"run_expired","object":"thread.run","created_at":1700000011,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000611,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (775, 21, '', 'run_expired', 2, 1, 'openai.assistants.run', '2', 'expire', 'queued', 'expired', 1, 1700000611000000, 'ann', 'expire', 'fb8a4ddda68c042c1d6604e4a39d6909', '{}', '{"k":"v"}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (776, 22, '', 'run_long', 1, NULL, 'openai.assistants.run', '2', 'create', '', 'queued', 0, 1700000611000000, NULL, NULL, NULL, '{"record":{"id":"run_long","object":"thread.run","created_at":1700000611,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700001211,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":"Be brief — please.","tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}}', '{}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (777, 23, '', 'run_long', 2, 1, 'openai.assistants.run', '2', 'start', 'queued', 'in_progress', 0, 1700000612000000, NULL, NULL, NULL, '{}', '{}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (778, 24, '', 'run_long', 3, 2, 'openai.assistants.run', '2', 'require_action', 'in_progress', 'requires_action', 0, 1700000613000000, NULL, NULL, NULL, '{"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"}}', '{}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (779, 25, '', 'run_long', 4, 3, 'openai.assistants.run', '2', 'submit_tool_outputs', 'requires_action', 'queued', 0, 1700000614000000, NULL, NULL, NULL, '{"tool_outputs":[{"tool_call_id":"call_1","output":"sun"},{"tool_call_id":"call_2","output":"noon"}]}', '{}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (780, 26, '', 'run_long', 5, 4, 'openai.assistants.run', '2', 'start', 'queued', 'in_progress', 0, 1700000615000000, NULL, NULL, NULL, '{}', '{}');
INSERT INTO public.runstate_journal OVERRIDING SYSTEM VALUE VALUES (781, 27, '', 'run_long', 6, 5, 'openai.assistants.run', '2', 'complete', 'in_progress', 'completed', 1, 1700000616000000, NULL, NULL, NULL, '{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}', '{}');
INSERT INTO public.runstate_keys VALUES ('', 'queued', '69d0386d9a9b80cde0a72d3cbb4edbdd', 'run_queued');
INSERT INTO public.runstate_keys VALUES ('', 'in_progress', '53fec4015cd26d6a07542933e8a65ef0', 'run_in_progress');
INSERT INTO public.runstate_keys VALUES ('', 'requires_action', 'ec21328ebdfd2ef43dd516e8239382dd', 'run_requires_action');
INSERT INTO public.runstate_keys VALUES ('', 'cancelling', '3f88651c7419e32a2a67a1f717d7cd71', 'run_cancelling');
INSERT INTO public.runstate_keys VALUES ('', 'cancelled', 'a6eeb2772ab69054b83788c26ba51f21', 'run_cancelled');
INSERT INTO public.runstate_keys VALUES ('', 'failed', '89d08846335cbbe3cc54a478bbef7ac9', 'run_failed');
INSERT INTO public.runstate_keys VALUES ('', 'completed', '8d092d9e85363b1d15bf770904b4898e', 'run_completed');
INSERT INTO public.runstate_keys VALUES ('', 'incomplete', '04fea6ecc7844219b1ac6fad49dfb4cd', 'run_incomplete');
INSERT INTO public.runstate_keys VALUES ('', 'expired', 'a51ed655fdb828f209223f038c8feef8', 'run_expired');
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'create', '', 'queued', 0);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'start', 'queued', 'in_progress', 0);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'fail', 'queued', 'failed', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'cancel', 'queued', 'cancelling', 0);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'expire', 'queued', 'expired', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'require_action', 'in_progress', 'requires_action', 0);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'complete', 'in_progress', 'completed', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'end_incomplete', 'in_progress', 'incomplete', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'fail', 'in_progress', 'failed', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'cancel', 'in_progress', 'cancelling', 0);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'expire', 'in_progress', 'expired', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'submit_tool_outputs', 'requires_action', 'queued', 0);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'fail', 'requires_action', 'failed', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'cancel', 'requires_action', 'cancelling', 0);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'expire', 'requires_action', 'expired', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'confirm_cancel', 'cancelling', 'cancelled', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'complete', 'cancelling', 'completed', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'end_incomplete', 'cancelling', 'incomplete', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'fail', 'cancelling', 'failed', 1);
INSERT INTO public.runstate_legality VALUES ('openai.assistants.run', '2', 'expire', 'cancelling', 'expired', 1);
INSERT INTO public.runstate_runs VALUES ('', 'run_queued', 'openai.assistants.run', '2', 'queued', 1, 0, 1700000000000000, 1700000000000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, 1700000000000000, 1700000600000000, NULL, NULL, 1700000600000000, NULL, 0, '{"id":"run_queued","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"queued","started_at":null,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_in_progress', 'openai.assistants.run', '2', 'in_progress', 2, 0, 1700000000000000, 1700000001000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, 1700000600000000, NULL, NULL, 1700000600000000, NULL, 0, '{"id":"run_in_progress","object":"thread.run","created_at":1700000000,"assistant_id":"assistant","thread_id":"thread","status":"in_progress","started_at":1700000001,"expires_at":1700000600,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_requires_action', 'openai.assistants.run', '2', 'requires_action', 3, 0, 1700000001000000, 1700000003000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, 1700000601000000, NULL, NULL, 1700000601000000, NULL, 0, '{"id":"run_requires_action","object":"thread.run","created_at":1700000001,"assistant_id":"assistant","thread_id":"thread","status":"requires_action","started_at":1700000002,"expires_at":1700000601,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":{"submit_tool_outputs":{"tool_calls":[{"id":"call_1","function":{"name":"weather","arguments":"{}"},"type":"function"},{"id":"call_2","function":{"name":"time","arguments":"{}"},"type":"function"}]},"type":"submit_tool_outputs"},"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_cancelling', 'openai.assistants.run', '2', 'cancelling', 2, 0, 1700000003000000, 1700000004000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, 1700000603000000, NULL, NULL, 1700000004000000, NULL, 0, '{"id":"run_cancelling","object":"thread.run","created_at":1700000003,"assistant_id":"assistant","thread_id":"thread","status":"cancelling","started_at":null,"expires_at":1700000603,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_cancelled', 'openai.assistants.run', '2', 'cancelled', 3, 0, 1700000004000000, 1700000006000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, '{"id":"run_cancelled","object":"thread.run","created_at":1700000004,"assistant_id":"assistant","thread_id":"thread","status":"cancelled","started_at":null,"expires_at":null,"cancelled_at":1700000006,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_failed', 'openai.assistants.run', '2', 'failed', 2, 0, 1700000006000000, 1700000007000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, '{"id":"run_failed","object":"thread.run","created_at":1700000006,"assistant_id":"assistant","thread_id":"thread","status":"failed","started_at":null,"expires_at":null,"cancelled_at":null,"failed_at":1700000007,"completed_at":null,"required_action":null,"last_error":{"code":"server_error","message":"broken"},"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_completed', 'openai.assistants.run', '2', 'completed', 3, 0, 1700000007000000, 1700000009000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, '{"id":"run_completed","object":"thread.run","created_at":1700000007,"assistant_id":"assistant","thread_id":"thread","status":"completed","started_at":1700000008,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000009,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_incomplete', 'openai.assistants.run', '2', 'incomplete', 3, 0, 1700000009000000, 1700000011000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, '{"id":"run_incomplete","object":"thread.run","created_at":1700000009,"assistant_id":"assistant","thread_id":"thread","status":"incomplete","started_at":1700000010,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000011,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_expired', 'openai.assistants.run', '2', 'expired', 2, 0, 1700000011000000, 1700000611000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, '{"id":"run_expired","object":"thread.run","created_at":1700000011,"assistant_id":"assistant","thread_id":"thread","status":"expired","started_at":null,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":null,"required_action":null,"last_error":null,"model":"","instructions":null,"tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":null,"response_format":null,"tool_choice":null}', '{"k":"v"}');
INSERT INTO public.runstate_runs VALUES ('', 'run_long', 'openai.assistants.run', '2', 'completed', 6, 0, 1700000611000000, 1700000616000000, 'default', 'assistant', 'thread', NULL, 0, NULL, NULL, 0, 3, NULL, NULL, NULL, NULL, NULL, NULL, 0, '{"id":"run_long","object":"thread.run","created_at":1700000611,"assistant_id":"assistant","thread_id":"thread","status":"completed","started_at":1700000615,"expires_at":null,"cancelled_at":null,"failed_at":null,"completed_at":1700000616,"required_action":null,"last_error":null,"model":"","instructions":"Be brief — please.","tools":[],"temperature":null,"top_p":null,"max_completion_tokens":null,"max_prompt_tokens":null,"truncation_strategy":null,"incomplete_details":null,"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"response_format":null,"tool_choice":null}', '{}');
INSERT INTO public.runstate_schema VALUES (1);
INSERT INTO public.runstate_schema VALUES (2);
SELECT pg_catalog.setval('public.runstate_journal_pos_seq', 27, true);
ALTER TABLE ONLY public.runstate_cursors
    ADD CONSTRAINT runstate_cursors_pkey PRIMARY KEY (tenant, subscriber);
ALTER TABLE ONLY public.runstate_journal
    ADD CONSTRAINT runstate_journal_pkey PRIMARY KEY (pos);
ALTER TABLE ONLY public.runstate_journal
    ADD CONSTRAINT runstate_journal_tenant_run_id_seq_target_lifecycle_key UNIQUE (tenant, run_id, seq, target, lifecycle);
ALTER TABLE ONLY public.runstate_keys
    ADD CONSTRAINT runstate_keys_pkey PRIMARY KEY (tenant, idem_key);
ALTER TABLE ONLY public.runstate_legality
    ADD CONSTRAINT runstate_legality_pkey PRIMARY KEY (lifecycle, version, event, source, target, ends);
ALTER TABLE ONLY public.runstate_pruning
    ADD CONSTRAINT runstate_pruning_pkey PRIMARY KEY (tenant, run_id);
ALTER TABLE ONLY public.runstate_runs
    ADD CONSTRAINT runstate_runs_pkey PRIMARY KEY (tenant, id);
ALTER TABLE ONLY public.runstate_schema
    ADD CONSTRAINT runstate_schema_pkey PRIMARY KEY (version);
CREATE UNIQUE INDEX runstate_journal_ends_once ON public.runstate_journal USING btree (tenant, run_id) WHERE (ends = 1);
CREATE UNIQUE INDEX runstate_journal_idem ON public.runstate_journal USING btree (tenant, run_id, idem_key) WHERE (idem_key IS NOT NULL);
CREATE INDEX runstate_journal_outbox ON public.runstate_journal USING btree (tenant, xact, pos) WHERE (pos > 0);
CREATE UNIQUE INDEX runstate_journal_seq ON public.runstate_journal USING btree (tenant, run_id, seq);
CREATE INDEX runstate_keys_run ON public.runstate_keys USING btree (tenant, run_id);
CREATE INDEX runstate_runs_created ON public.runstate_runs USING btree (lifecycle, tenant, created, id);
CREATE INDEX runstate_runs_ready ON public.runstate_runs USING btree (lifecycle, tenant, ready_at, created, id) WHERE (ready_at IS NOT NULL);
CREATE INDEX runstate_runs_settled ON public.runstate_runs USING btree (lifecycle, tenant, at, id) WHERE ((ready_at IS NULL) AND (wake_at IS NULL));
CREATE UNIQUE INDEX runstate_runs_slot ON public.runstate_runs USING btree (tenant, lifecycle, slot) WHERE (slot IS NOT NULL);
CREATE INDEX runstate_runs_thread ON public.runstate_runs USING btree (lifecycle, tenant, thread, created, id) WHERE (thread IS NOT NULL);
CREATE INDEX runstate_runs_wake ON public.runstate_runs USING btree (lifecycle, tenant, wake_at, id) WHERE (wake_at IS NOT NULL);
CREATE TRIGGER runstate_journal_no_delete BEFORE DELETE ON public.runstate_journal FOR EACH ROW EXECUTE FUNCTION public.runstate_journal_kept();
CREATE TRIGGER runstate_journal_no_truncate BEFORE TRUNCATE ON public.runstate_journal FOR EACH STATEMENT EXECUTE FUNCTION public.runstate_journal_kept();
CREATE TRIGGER runstate_journal_no_update BEFORE UPDATE ON public.runstate_journal FOR EACH ROW EXECUTE FUNCTION public.runstate_journal_kept();
CREATE TRIGGER runstate_runs_no_return BEFORE UPDATE ON public.runstate_runs FOR EACH ROW WHEN (((new.rev < old.rev) OR (new.fence < old.fence))) EXECUTE FUNCTION public.runstate_runs_forward();
ALTER TABLE ONLY public.runstate_journal
    ADD CONSTRAINT runstate_journal_lifecycle_version_event_source_target_end_fkey FOREIGN KEY (lifecycle, version, event, source, target, ends) REFERENCES public.runstate_legality(lifecycle, version, event, source, target, ends);
ALTER TABLE ONLY public.runstate_journal
    ADD CONSTRAINT runstate_journal_tenant_run_id_fkey FOREIGN KEY (tenant, run_id) REFERENCES public.runstate_runs(tenant, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.runstate_journal
    ADD CONSTRAINT runstate_journal_tenant_run_id_prev_source_lifecycle_fkey FOREIGN KEY (tenant, run_id, prev, source, lifecycle) REFERENCES public.runstate_journal(tenant, run_id, seq, target, lifecycle) DEFERRABLE;
ALTER TABLE ONLY public.runstate_keys
    ADD CONSTRAINT runstate_keys_tenant_run_id_fkey FOREIGN KEY (tenant, run_id) REFERENCES public.runstate_runs(tenant, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.runstate_runs
    ADD CONSTRAINT runstate_runs_shows_entry FOREIGN KEY (tenant, id, rev, status, lifecycle) REFERENCES public.runstate_journal(tenant, run_id, seq, target, lifecycle) DEFERRABLE INITIALLY DEFERRED;

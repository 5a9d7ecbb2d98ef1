-- `signal`, one row per device, as columns to decide by.
CREATE OR REPLACE TEMP TABLE behaviour AS
SELECT
    device_id,
    -- DICOM messages
    bool_or(signal = 'sends_objects') AS sends_objects,           -- C-STORE of acquired objects
    bool_or(signal = 'sends_derived') AS sends_derived,           -- C-STORE of reports, captures, processed images
    bool_or(signal = 'annotates') AS annotates,                   -- C-STORE of what a viewer or planner writes
    bool_or(signal = 'accepts_objects') AS accepts_objects,       -- received objects, by C-STORE or C-GET
    bool_or(signal = 'forwards_series') AS forwards_series,       -- sent a series that it had received
    bool_or(signal = 'keeps_series') AS keeps_series,             -- received a series that it was not seen to send
    bool_or(signal = 'sends_for_others') AS sends_for_others,     -- named a Move Originator
    bool_or(signal IN ('answers_queries', 'answers_retrieval')) AS answers_queries,  -- Q/R SCP
    bool_or(signal = 'queries') AS queries,                       -- C-FIND as SCU
    bool_or(signal = 'retrieves') AS retrieves,                   -- C-MOVE or C-GET as SCU
    bool_or(signal = 'asks_worklist') AS asks_worklist,           -- MWL SCU
    bool_or(signal = 'answers_worklist') AS answers_worklist,     -- MWL SCP
    bool_or(signal = 'performs_procedures') AS performs_procedures,  -- MPPS SCU
    bool_or(signal = 'tracks_procedures') AS tracks_procedures,   -- MPPS SCP
    bool_or(signal = 'asks_commitment') AS asks_commitment,       -- storage commitment SCU
    bool_or(signal = 'commits_storage') AS commits_storage,       -- storage commitment SCP
    bool_or(signal = 'prints') AS prints,                         -- print SCP
    -- DICOM negotiation
    bool_or(signal = 'offers_storage') AS offers_storage,
    bool_or(signal = 'offers_queries') AS offers_queries,
    bool_or(signal = 'offers_worklist') AS offers_worklist,
    bool_or(signal = 'offers_procedures') AS offers_procedures,
    bool_or(signal = 'offers_print') AS offers_print,
    bool_or(signal = 'may_query') AS may_query,
    bool_or(signal = 'may_ask_worklist') AS may_ask_worklist,
    -- HL7
    bool_or(signal = 'sends_messages') AS sends_messages,
    bool_or(signal = 'receives_messages') AS receives_messages,
    bool_or(signal = 'relays_messages') AS relays_messages,       -- the same message came in and went out
    bool_or(signal = 'sends_for_applications') AS sends_for_applications,  -- three sending applications or more
    -- Anything else
    bool_or(signal = 'proxies') AS proxies,                       -- speaks HTTP for others
    bool_or(signal = 'serves_objects') AS serves_objects,         -- DICOMweb or WADO
    bool_or(signal = 'serves_application') AS serves_application, -- a known product, over HTTP
    bool_or(signal = 'serves_http') AS serves_http,
    bool_or(signal = 'serves_files') AS serves_files,
    bool_or(signal = 'fronts_addresses') AS fronts_addresses,     -- its MAC is a router's
    bool_or(signal = 'opens_conversations') AS opens_conversations
FROM signal
GROUP BY device_id;

"""`alertd demo`: alertd at work on a simulated AI gateway, with a real Prometheus between them.

`trace`     a day of real LLM traffic, bundled in data/
`scenario`  that traffic as counters of any moment, with an outage and a spike of our own. Pure
`exporter`  the counters as agentgateway shows them to Prometheus
`web`       the small server of both
`daemon`    `alertd run` as a child process
`receiver`  takes the notifications and prints them, in the words of `text`
`runner`    starts all of it, and always ends it
"""

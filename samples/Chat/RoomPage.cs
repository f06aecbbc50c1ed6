namespace Chat;

/// <summary>
/// A page that chats over a WebSocket. It speaks SignalR's JSON protocol by itself: what it needs of that is less than
/// the client library, which would have to come from another host.
/// </summary>
internal static class RoomPage
{
    public const string Html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Chat</title>
        <style>
            body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
            #said { list-style: none; padding: 0; min-height: 10rem; }
            small { color: #666; }
        </style>
        <h1>Chat</h1>
        <p id="where" aria-live="polite">connecting …</p>
        <ul id="said" aria-live="polite"></ul>
        <form id="form"><input id="text" aria-label="Message" maxlength="1000" autocomplete="off" autofocus required> <button>Say</button></form>
        <p><small>Each replica is a room of its own. Open a private window to be sent to another.</small></p>
        <script>
            const end = '\x1e', handshake = { protocol: 'json', version: 1 };
            const where = document.getElementById('where'), said = document.getElementById('said'), text = document.getElementById('text');
            let socket;
            const send = message => socket.send(JSON.stringify(message) + end);
            const call = (target, ...args) => send({ type: 1, invocationId: '1', target, arguments: args });

            function receive(message) {
                if (message.type === 1) {
                    const { replica, from, text } = message.arguments[0];
                    said.appendChild(document.createElement('li')).textContent = `${from} at ${replica}: ${text}`;
                } else if (message.type === 3 && message.result) {
                    where.textContent = `You are at ${message.result.replica}, process ${message.result.pid}.`;
                } else if (message.type === 6) {
                    send({ type: 6 });
                } else if (message.type === undefined && !message.error) {
                    call('Where');
                }
            }

            async function connect() {
                try {
                    const answer = await fetch('hub/negotiate?negotiateVersion=1', { method: 'POST' });
                    if (!answer.ok) throw new Error(`status ${answer.status}`);
                    const { connectionToken } = await answer.json();
                    const url = new URL(`hub?id=${encodeURIComponent(connectionToken)}`, location.href);
                    url.protocol = url.protocol.replace('http', 'ws');
                    socket = new WebSocket(url);
                    socket.onopen = () => send(handshake);
                    socket.onmessage = event => event.data.split(end).filter(Boolean).forEach(part => receive(JSON.parse(part)));
                    socket.onclose = () => again('The connection is closed');
                } catch (error) {
                    again(`Cannot connect (${error.message})`);
                }
            }

            function again(why) {
                where.textContent = `${why}; trying again …`;
                setTimeout(connect, 1000);
            }

            document.getElementById('form').onsubmit = event => {
                event.preventDefault();
                if (socket?.readyState === WebSocket.OPEN) {
                    call('Say', text.value);
                    text.value = '';
                }
            };
            connect();
        </script>
        </html>
        """;
}

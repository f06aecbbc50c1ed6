using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Layer7.Transport;

namespace LoadBalancer.Layer7.Tests.Transport;

/// <summary>What is told to readers and writers of a connection from other threads than theirs.</summary>
public sealed class ChannelPipeTests
{
    private const int Pieces = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_that_is_cancelled_as_it_begins_ends(bool byToken)
    {
        using var pair = await Pair.ConnectAsync();
        var reader = new ChannelReader(pair.Channel);
        var (round, source, isOver) = (0, new CancellationTokenSource(), false);
        var canceller = new Thread(() =>
        {
            for (var before = 0; ; before++)
            {
                var wait = new SpinWait();
                while (Volatile.Read(ref round) == before)
                {
                    wait.SpinOnce(sleep1Threshold: -1);
                }

                if (Volatile.Read(ref isOver))
                {
                    return;
                }

                // A little later each time, so that every moment of the read is met.
                for (var i = before % 300; i > 0; i--)
                {
                    Volatile.Read(ref round);
                }

                if (byToken)
                {
                    source.Cancel();
                }
                else
                {
                    reader.CancelPendingRead();
                }
            }
        });
        canceller.Start();
        var since = Stopwatch.StartNew();
        for (; since.Elapsed < TimeSpan.FromSeconds(1); source = new())
        {
            var source0 = source;
            Interlocked.Increment(ref round);
            var reading = reader.ReadAsync(source0.Token).AsTask();

            await Task.WhenAny(reading, Task.Delay(Patience, Cancelled));
            Assert.True(reading.IsCompleted, $"read {round} goes on");
        }

        Volatile.Write(ref isOver, true);
        Interlocked.Increment(ref round);
    }

    [Fact]
    public async Task A_flush_that_was_given_up_and_the_end_of_the_connection_do_not_free_the_same_memory()
    {
        for (var i = 0; i < 300; i++)
        {
            using var pair = await Pair.ConnectAsync();
            var writer = new ChannelWriter(pair.Channel);
            ValueTask<System.IO.Pipelines.FlushResult> flush;
            do
            {
                for (var piece = 0; piece < Pieces; piece++)
                {
                    writer.GetMemory(60_000);
                    writer.Advance(60_000);
                }

                flush = writer.FlushAsync(Cancelled);
            }
            while (flush.IsCompleted);

            // As the server does with a client that takes nothing: a reset, and soon after the end.
            pair.Channel.Reset();
            Thread.SpinWait(50 * (i % 20));
            writer.Complete();
            Assert.True((await flush.AsTask().WaitAsync(Patience, Cancelled)).IsCompleted);

            // What was freed twice would be given to two.
            var rented = Enumerable.Range(0, 2 * Pieces).Select(_ => ArrayPool<byte>.Shared.Rent(60_000)).ToArray();
            Assert.Equal(rented.Length, rented.Distinct().Count());
            Array.ForEach(rented, array => ArrayPool<byte>.Shared.Return(array));
        }
    }

    [Fact]
    public async Task A_reset_that_a_send_is_told_of_is_no_usual_end_to_a_receive()
    {
        using var pair = await Pair.ConnectAsync();
        await pair.Other.SendAsync("half"u8.ToArray(), Cancelled);
        pair.Other.LingerState = new(true, 0);
        pair.Other.Dispose();

        await TestBalancer.WaitUntilAsync(() => pair.Channel.TrySend("x"u8) == Channel.Broken);

        int received;
        while ((received = pair.Channel.TryReceive(new byte[16])) is > 0 or Channel.WouldBlock)
        {
            if (received == Channel.WouldBlock)
            {
                await pair.Channel.WaitToReceiveAsync().AsTask().WaitAsync(Patience, Cancelled);
            }
        }

        Assert.Equal(Channel.Broken, received);
    }

    private sealed class Pair(LoopChannel channel, Socket other) : IDisposable
    {
        public LoopChannel Channel => channel;

        public Socket Other => other;

        public static async Task<Pair> ConnectAsync()
        {
            Assert.SkipUnless(EventLoop.IsSupported, "This machine has no event loops.");
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(listener.LocalEndpoint, Cancelled);
            var channel = new LoopChannel(socket, EventLoop.Next());
            channel.Start();
            return new(channel, await listener.AcceptSocketAsync(Cancelled));
        }

        public void Dispose()
        {
            channel.Close();
            other.Dispose();
        }
    }
}

namespace Standalone;

/// <summary>A process's output: all of it in a file, the last lines in memory.</summary>
internal sealed class ProcessLog(string path) : IDisposable
{
    private const int TailLength = 8;

    private readonly Lock _lock = new();
    private readonly Queue<string> _tail = new(TailLength);
    private readonly StreamWriter _file = new(path, append: true) { AutoFlush = true };
    private bool _closed;

    public string Path => path;

    public void Write(string line)
    {
        lock (_lock)
        {
            // A process of the child's own may hold the pipe and write on after everything has stopped.
            if (_closed)
            {
                return;
            }

            _file.WriteLine(line);
            if (_tail.Count == TailLength)
            {
                _tail.Dequeue();
            }

            _tail.Enqueue(line);
        }
    }

    public IReadOnlyList<string> Tail()
    {
        lock (_lock)
        {
            return [.. _tail];
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _file.Dispose();
        }
    }
}

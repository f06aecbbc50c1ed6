namespace LoadBalancer.Layer7.Caching;

/// <summary>
/// An answer on its way from a backend, for the request that asked for it and for those that wait for it meanwhile.
/// It grows in memory while they read.
/// </summary>
internal sealed class Fill(int mostBytes)
{
    private readonly Lock _changing = new();
    private readonly TaskCompletionSource _decided = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _abandoned = new();
    private TaskCompletionSource? _grown;
    private byte[] _bytes = [];
    private int _length;
    private int _interested = 1;
    private bool _closed;

    /// <summary>Ends when it is known whether the answer can be shared.</summary>
    public Task Decided => _decided.Task;

    /// <summary>Ends when nothing more comes.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Fires when nobody wants the answer any more.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>The head, once it is known that the answer can be shared; null otherwise.</summary>
    public AnswerHead? Head { get; private set; }

    /// <summary>Length of the body as its head says; null when that is not known.</summary>
    public long? Length { get; private set; }

    /// <summary>The whole answer; null while it comes, and when it broke off.</summary>
    public StoredAnswer? Answer { get; private set; }

    /// <summary>Whether <see cref="Answer"/> is an old one that may be used because the backend failed.</summary>
    public bool IsStale { get; private set; }

    /// <summary>Whether it broke off.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Whether anybody waited for it besides the request that asked.</summary>
    public bool WasJoined { get; private set; }

    /// <summary>Joins those who wait.</summary>
    /// <returns>Whether there was anybody left; an answer that nobody wanted is not finished for one more.</returns>
    public bool TryJoin()
    {
        lock (_changing)
        {
            if (_interested == 0)
            {
                return false;
            }

            _interested++;
            return WasJoined = true;
        }
    }

    /// <summary>Leaves; the last one to leave ends what is under way.</summary>
    public void Leave()
    {
        lock (_changing)
        {
            if (--_interested > 0 || _closed)
            {
                return;
            }
        }

        _abandoned.Cancel();
    }

    /// <summary>The answer can be shared; its body follows.</summary>
    public void Begin(AnswerHead head, long? length)
    {
        (Head, Length) = (head, length);
        if (length is { } known)
        {
            _bytes = GC.AllocateUninitializedArray<byte>((int)known);
        }

        _decided.TrySetResult();
    }

    /// <summary>The answer is for the request alone that asked for it.</summary>
    public void Pass()
    {
        _decided.TrySetResult();
        Close();
    }

    /// <summary>Adds to the body.</summary>
    /// <returns>Whether there was room.</returns>
    public bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        var length = _length + bytes.Length;
        if (length > mostBytes || length > Length)
        {
            return false;
        }

        // Those who read keep the array that they have: what they may see of it does not change.
        var target = _bytes;
        if (length > target.Length)
        {
            target = GC.AllocateUninitializedArray<byte>((int)Math.Min(Math.Max(length, 2L * target.Length), mostBytes));
            _bytes.AsSpan(0, _length).CopyTo(target);
        }

        bytes.CopyTo(target.AsSpan(_length));
        TaskCompletionSource? grown;
        lock (_changing)
        {
            (_bytes, _length) = (target, length);
            (grown, _grown) = (_grown, null);
        }

        grown?.TrySetResult();
        return true;
    }

    /// <summary>What has come behind a position.</summary>
    public ReadOnlyMemory<byte> Read(int position)
    {
        lock (_changing)
        {
            return _bytes.AsMemory(position, _length - position);
        }
    }

    /// <summary>Ends when there is something behind a position, or nothing more comes.</summary>
    public Task WaitAsync(int position)
    {
        lock (_changing)
        {
            return _length > position || _closed
                ? Task.CompletedTask
                : (_grown ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>The body is whole, if it has the length that its head says.</summary>
    /// <returns>The answer; null when something is missing.</returns>
    public StoredAnswer? Complete()
    {
        if (Length is { } expected && expected != _length)
        {
            Fail();
            return null;
        }

        var body = _bytes.Length == _length ? _bytes : _bytes[.._length];
        Answer = new StoredAnswer(Head!, body, new HitCount());
        Close();
        return Answer;
    }

    /// <summary>The answer is one that was stored before.</summary>
    public void CompleteWith(StoredAnswer stored, bool isStale)
    {
        (Head, Answer, IsStale) = (stored.Head, stored, isStale);
        _decided.TrySetResult();
        Close();
    }

    /// <summary>The body is larger than what is stored; readers get what has come, and no more.</summary>
    public void Overflow() => Close();

    /// <summary>The answer broke off.</summary>
    public void Fail()
    {
        HasFailed = true;
        _decided.TrySetResult();
        Close();
    }

    private void Close()
    {
        TaskCompletionSource? grown;
        lock (_changing)
        {
            _closed = true;
            (grown, _grown) = (_grown, null);
            // Together: a reader that need not wait any more must be able to see why.
            _ended.TrySetResult();
        }

        grown?.TrySetResult();
    }
}
